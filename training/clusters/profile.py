"""Segments in the features' own units and on their axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.rows import Floats
from training.sections import Axis
from training.units import with_unit


def median_table(
    values: Floats, labels: NDArray[np.int32], features: Sequence[str], segments: Sequence[str]
) -> list[dict[str, Any]]:
    """One row per feature: `feature`, and per segment the median of its users' values; None where it has none."""
    return [
        {"feature": feature, **dict(zip(segments, _medians(values[:, i], labels, len(segments)), strict=True))}
        for i, feature in enumerate(features)
    ]


def level_table(
    levels: Floats, labels: NDArray[np.int32], axes: Sequence[str], segments: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Segment -> axis -> where its users lie on it: 0 the lowest users, 1 the highest. Empty segments are left out."""
    return {
        key: dict(zip(axes, levels[labels == i].mean(axis=0).tolist(), strict=True))
        for i, key in enumerate(segments)
        if (labels == i).any()
    }


def typical_member(
    values: Floats, features: Sequence[str], axes: Mapping[str, Axis]
) -> dict[str, str]:  # fmt: skip
    """The middle feature of each axis of one segment's users, in original units, for a sentence."""
    out = {}
    for axis in axes.values():
        feature = axis.features[len(axis.features) // 2]
        column = values[:, list(features).index(feature)]
        present = column[~np.isnan(column)]
        out[feature] = with_unit(f"{np.median(present):,.0f}", axis.unit) if present.size else "unknown"
    return out


def _medians(column: Floats, labels: NDArray[np.int32], segments: int) -> list[float | None]:
    found: list[float | None] = []
    for segment in range(segments):
        theirs = column[labels == segment]
        present = theirs[~np.isnan(theirs)]
        found.append(float(np.median(present)) if present.size else None)
    return found
