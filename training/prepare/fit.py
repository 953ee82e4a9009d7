"""From a definition and its training rows to a fitted preparation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from strata.runtime.prepare import Preparation
from training.algorithms.port import Labels
from training.definition import Definition, Propensity
from training.prepare.axis_scales import axis_of
from training.prepare.built import Built
from training.prepare.categories import category_columns
from training.prepare.cleaning import clean
from training.prepare.derivations import derived_columns
from training.prepare.fitted_steps import FittedSteps
from training.prepare.folds import Dealt, lay_folds
from training.prepare.learning import Column, Learning
from training.prepare.quantities import number_columns
from training.prepare.settled import Settled, settle
from training.rows import FeatureSchema, Floats
from training.sections import Axis, ClusterSection

QUANTILES: Final = 101
"""Of rank scales, where the algorithm's section has no number of its own."""


def fit_preparation(
    definition: Definition,
    schema: FeatureSchema,
    values: Floats,
    labels: Labels | None = None,
    users: NDArray[Any] | None = None,
    *,
    reads_missing: bool = False,
) -> FittedSteps:
    """Fit on rows [n, f]: raw, service defaults filled in, NaN missing. Deterministic: folds are laid by the seed.

    `users`, [n], keeps a user's rows in one fold. `reads_missing`: whether NaN may be left in prepared rows; where
    not, and where a file leaves open what is needed, `settle` says what is done, and the record repeats it.

    Raises DefinitionInvalid and InputInvalid; `check_rows` raises most of what may be wrong before any long work.
    """
    settled = settle(definition, schema, reads_missing=reads_missing)
    cleaned = clean(settled.preparation, schema, values, labels)
    kept = cleaned.kept
    learning = Learning(
        schema,
        settled.preparation,
        settled.scaling,
        _axes(definition, schema) if settled.scaling == "axes" else {},
        getattr(definition.algorithm, "quantiles", QUANTILES),
        cleaned,
        None if labels is None else labels[kept],
        lay_folds(len(kept), None if users is None else users[kept], definition.seed),
        definition.seed,
        Built(cleaned.values),
    )
    columns, missing = _columns(learning, settled.encoded)
    slots = [column.slot for column in columns]
    preparation = Preparation(len(schema.features), tuple(learning.built.steps), tuple(slots))
    names = tuple(column.name for column in columns)
    record = {
        **cleaned.cleaning.to_json(),
        "missing": missing,
        "columns": list(names),
        "notes": list(settled.notes),
        "warnings": [f"{one['feature']} has no value in any training row." for one in missing if one["share"] == 1.0],
    }
    whole = slots == list(range(len(schema.features)))
    training = cleaned.values if whole else np.column_stack([learning.built.columns[slot] for slot in slots])
    dealt = Dealt(kept, learning.folds) if _reads_labels(settled) else None
    return FittedSteps(preparation, names, kept, training, _nominal(columns), record, dealt)


def _reads_labels(settled: Settled) -> bool:
    """Whether a prepared column is learned from labels."""
    asked = settled.preparation
    encoded = asked.categories == "target" and bool(settled.encoded)
    return encoded or any(isinstance(each, Propensity) for each in asked.derive)


def _columns(learning: Learning, encoded: Collection[str]) -> tuple[list[Column], list[dict[str, Any]]]:
    columns: list[Column] = []
    missing = []
    for i, feature in enumerate(learning.schema.features):
        if feature.key in learning.preparation.leave_out:
            continue
        way = category_columns if feature.key in encoded else number_columns
        found, how = way(learning, i)
        columns += found
        if share := float(learning.cleaned.missing[i]):
            missing.append({"feature": feature.key, "share": share, "how": how})
    kinds: Counter[str] = Counter()
    for derived in learning.preparation.derive:
        kinds[derived.kind] += 1
        nth = kinds[derived.kind]
        columns += derived_columns(learning, derived, derived.kind if nth == 1 else f"{derived.kind}_{nth}")
    return columns, missing


def _axes(definition: Definition, schema: FeatureSchema) -> dict[str, Axis]:
    section = definition.algorithm
    assert isinstance(section, ClusterSection)
    read = [f.key for f in schema.features if f.dtype != "string" and f.key not in definition.prepare.leave_out]
    return axis_of(section.axes, schema.keys, read)


def _nominal(columns: Sequence[Column]) -> tuple[tuple[int, ...], ...]:
    groups: dict[str, list[int]] = {}
    for place, column in enumerate(columns):
        if column.nominal:
            groups.setdefault(column.nominal, []).append(place)
    return tuple(tuple(group) for group in groups.values())
