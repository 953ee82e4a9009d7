"""The preparation a definition gets: what it declares, and what its algorithm needs and it leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from training.algorithms import label_algorithm
from training.definition import Definition, Preparation
from training.rows import FeatureSchema
from training.sections import ClusterSection, LabelSection

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
    encoded: frozenset[str] = frozenset()
    """`view:feature` of the categories that are read and encoded. The others are on an axis, where the order of a
    vocabulary (age and income bands) is the order of ranks."""


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
    widths = _widths(definition, schema, axes=axes)
    encoded = frozenset(widths)
    if reads_missing and not interpolated:
        return Settled(asked, asked.scale, (), encoded)
    reader = "SMOTE interpolates between rows" if reads_missing else f"{definition.algorithm.kind} reads no gaps"
    changes: dict[str, Any] = {}
    notes = []
    if asked.missing == "as_is" and not axes:
        changes |= {"missing": "median", "indicator": asked.indicator or definition.supervised}
        notes.append(f"Missing values are filled with medians, since {reader}.")
    if "scale" in open_keys and not axes:
        changes["scale"] = "zscore"
        notes.append("Columns are brought to mean 0 and deviation 1, since no scale is declared.")
    if "categories" in open_keys and widths:
        wide = max(widths.values()) > _WIDE
        changes["categories"] = "target" if definition.supervised and wide else "onehot"
        notes.append(f"Categories are encoded ({changes['categories']}): their positions are no quantities.")
    settled = asked.model_copy(update=changes)
    return Settled(settled, "axes" if axes else settled.scale, tuple(notes), encoded)


def _widths(definition: Definition, schema: FeatureSchema, *, axes: bool) -> dict[str, int]:
    """How many categories each feature has that is read, and is not placed on an axis by the ranks of its positions."""
    section = definition.algorithm
    ranked = section.axes.values() if axes and isinstance(section, ClusterSection) else ()
    placed = {key for axis in ranked for key in axis.features}
    return {
        feature.key: len(feature.categories)
        for feature in schema.features
        if feature.dtype == "string" and feature.key not in {*definition.prepare.leave_out, *placed}
    }
