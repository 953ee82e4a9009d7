"""The preparation a definition gets: what it declares, and what its algorithm needs and it leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from training.algorithms import label_algorithm
from training.definition import Definition, Preparation
from training.rows import FeatureSchema
from training.sections import LabelSection

MOST_ONE_HOT: Final = 256
"""Columns of one one-hot feature: past these, one distance or one weight per category learns little."""
_WIDE: Final = 64
"""Categories from which on the target encoding is taken where nothing is declared."""

Scaling = Literal["none", "minmax", "zscore", "robust", "quantile", "axes"]
"""`axes`: by rank, each axis of a cluster section with the same say (`axis_scales.py`)."""


@dataclass(frozen=True)
class Settled:
    """What is really done."""

    preparation: Preparation
    scaling: Scaling
    notes: tuple[str, ...]
    """A sentence for each thing that was not declared and is done."""


def settled_for(definition: Definition, schema: FeatureSchema) -> Settled:
    """With the algorithm the definition names."""
    section = definition.algorithm
    reads_missing = isinstance(section, LabelSection) and label_algorithm(section).reads_missing
    return settle(definition, schema, reads_missing=reads_missing)


def settle(definition: Definition, schema: FeatureSchema, *, reads_missing: bool) -> Settled:
    """`reads_missing`: whether the algorithm reads NaN. Clusters are by default found in ranks, axis by axis."""
    asked = definition.prepare
    open_keys = {"scale", "categories"} - asked.model_fields_set
    axes = not definition.supervised and "scale" in open_keys
    interpolated = definition.supervised and definition.balance == "smote"
    if reads_missing and not interpolated:
        return Settled(asked, asked.scale, ())
    reader = "SMOTE interpolates between rows" if reads_missing else f"{definition.algorithm.kind} reads no gaps"
    changes: dict[str, Any] = {}
    notes = []
    if asked.missing == "as_is" and not axes:
        changes |= {"missing": "median", "indicator": asked.indicator or definition.supervised}
        notes.append(f"Missing values are filled with medians, since {reader}.")
    if "scale" in open_keys and not axes:
        changes["scale"] = "zscore"
        notes.append("Columns are brought to mean 0 and deviation 1, since no scale is declared.")
    if "categories" in open_keys and (widest := _widest(asked, schema)):
        changes["categories"] = "target" if definition.supervised and widest > _WIDE else "onehot"
        notes.append(f"Categories are encoded ({changes['categories']}): their positions are no quantities.")
    settled = asked.model_copy(update=changes)
    return Settled(settled, "axes" if axes else settled.scale, tuple(notes))


def _widest(asked: Preparation, schema: FeatureSchema) -> int:
    """The most categories of a feature that is read; 0 where none has categories."""
    read = (each for each in schema.features if each.dtype == "string" and each.key not in asked.leave_out)
    return max((len(each.categories) for each in read), default=0)
