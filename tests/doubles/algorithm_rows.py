"""Rows, sections and packages to try an algorithm with, whichever it is: made from its own keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from annotated_types import Ge, Gt
from numpy.typing import NDArray
from pydantic_core import PydanticUndefined

from strata.runtime import DataWindow, FeatureInput, Manifest, SegmentEntry
from strata.runtime.manifest import ScoreMeaning, seal
from strata.runtime.package import Package, assemble
from training.algorithms import section_of
from training.algorithms.port import Exported
from training.definition import Definition
from training.rows import Export, FeatureSchema
from training.sections import ClusterSection, LabelSection

Floats = NDArray[np.float64]

COLUMNS = 4
# Three groups in a 0..1 space, each a handful of standard deviations from the others.
CENTRES = np.array([[0.15, 0.2, 0.8, 0.5], [0.8, 0.25, 0.2, 0.1], [0.5, 0.85, 0.6, 0.9]])
GROUP = 80


def grouped_rows(seed: int = 3, group: int = GROUP, constant: bool = False) -> tuple[Floats, NDArray[np.int8]]:
    """Rows of three groups, one group after the other, and which group each is of; the last column may not vary."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(3, dtype=np.int8), group)
    values = CENTRES[groups] + rng.normal(0, 0.05, (len(groups), COLUMNS))
    if constant:
        values[:, -1] = 0.5
    return values, groups


def section_for(kind: str) -> ClusterSection | LabelSection:
    """The least a file has to say: what is required, and the smallest numbers that are allowed but at least 10."""
    wanted = section_of(kind)
    shared = _CLUSTER_KEYS if issubclass(wanted, ClusterSection) else _LABEL_KEYS
    own = {
        name: _number(field.metadata)
        for name, field in wanted.model_fields.items()
        if field.default is PydanticUndefined and field.default_factory is None and name not in {"kind", *shared}
    }
    return wanted.model_validate({"kind": kind, **shared, **own})


def untidy_rows(seed: int = 3, group: int = GROUP) -> tuple[Floats, NDArray[np.int8]]:
    """The groups' rows, and beside them a column that never varies, one of which half is missing, a category that
    follows the group, and holes in the first column."""
    values, groups = grouped_rows(seed, group)
    rng = np.random.default_rng(seed)
    half = np.where(rng.random(len(values)) < 0.5, np.nan, values[:, 1])
    values[rng.random(len(values)) < 0.1, 0] = np.nan
    return np.column_stack([values, np.full(len(values), 3.0), half, groups.astype(np.float64)]), groups


def untidy_schema() -> FeatureSchema:
    """Of those rows; the category's last value is in no row."""
    numbers = [FeatureInput("toy", name, "float64") for name in (*(f"c{i}" for i in range(COLUMNS)), "same", "half")]
    category = FeatureInput("toy", "sort", "string", None, ("one", "two", "three", "never seen"))
    return FeatureSchema("toy", (*numbers, category), {"toy": "00112233445566ff"})


def untidy_definition(kind: str) -> Definition:
    """A file for them, whatever the algorithm."""
    section = section_for(kind)
    # An indicator is a side of its own in a distance: three groups would be six.
    supervised = isinstance(section, LabelSection)
    document: dict[str, Any] = {
        "name": "untidy", "description": "Untidy rows.", "feature_service": "toy", "algorithm": section.model_dump(),
        "prepare": {"missing": "median", "indicator": supervised, "scale": "minmax", "categories": "onehot"},
        "fallback": [section.segments[-1].key],
    }  # fmt: skip
    if supervised:
        document["label"] = {"event_type": "purchase", "horizon_days": 30}
        document["split"] = {"step_days": 10, "train_dates": 4, "validation_dates": 2}
    return Definition.model_validate(document)


def segmenter_package(schema: FeatureSchema, export: Export) -> Package:
    """What a whole training exported, as a package."""
    return _package(schema.features, export.vocabulary, export.score_meaning, Exported(export.model, export.files))


def package_of(
    exported: Exported, segments: int, meaning: ScoreMeaning, *, columns: int = COLUMNS, missing: bool = False
) -> Package:
    """A package whose features are the prepared columns themselves; `missing`: a row may lack some of them."""
    model = {"format": "prepared/1", "steps": [], "select": list(range(columns)), "model": exported.model}
    features = [FeatureInput("toy", f"c{i}", "float64", None if missing else 0.5) for i in range(columns)]
    vocabulary = [SegmentEntry(f"s{i}", "One", "One.") for i in range(segments)]
    return _package(features, vocabulary, meaning, Exported(model, exported.files))


def _package(
    features: Sequence[FeatureInput], vocabulary: Sequence[SegmentEntry], meaning: ScoreMeaning, exported: Exported
) -> Package:
    manifest = Manifest(
        segmenter="toy", version="", description="Toy.", algorithm="toy", feature_service="toy",
        features=tuple(features), schema_fingerprint="", view_fingerprints={"toy": "00112233445566ff"},
        vocabulary=tuple(vocabulary), fallback_segment=vocabulary[0].key, score_meaning=meaning,
        created_at="2017-12-01T00:00:00Z", data_window=DataWindow(*["2017-12-01T00:00:00Z"] * 3), metrics={},
        libraries={}, files={}, model=exported.model,
    )  # fmt: skip
    return assemble(seal(manifest), exported.files)


def _number(metadata: list[Any]) -> float:
    least = [bound.ge for bound in metadata if isinstance(bound, Ge)]
    above = [bound.gt for bound in metadata if isinstance(bound, Gt)]
    return max([10, *least, *above])


_AXES = {f"axis{i}": {"features": [f"toy:c{i}"], "missing": "median", "unit": "things"} for i in range(COLUMNS)}
_CLUSTER_KEYS = {
    "k_range": [2, 4],
    "bootstraps": 2,
    "axes": _AXES,
    "archetypes": [
        {"key": f"type{i}", "label": f"Type {i}", "description": "One.", "anchor": dict.fromkeys(_AXES, i / 3)}
        for i in range(4)
    ],
}
_LABEL_KEYS = {
    "bands": [
        {"key": "likely", "label": "Likely", "description": "Yes.", "precision_at_least": 0.5},
        {"key": "unlikely", "label": "Unlikely", "description": "No."},
    ]
}
