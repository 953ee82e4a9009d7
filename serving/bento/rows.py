"""JSON rows by feature name -> the matrix a package scores, and answers -> plain JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputInvalid
from strata.runtime import FeatureInput, Manifest, Scores


def to_matrix(manifest: Manifest, rows: Sequence[Mapping[str, Any]], most: int) -> NDArray[np.float64]:
    """float64 [n, f]; a feature left out or null is missing. Raises InputInvalid, naming row and feature."""
    if not 1 <= len(rows) <= most:
        raise InputInvalid(f"{len(rows)} rows were sent; send 1 to {most}")
    known = dict(zip(manifest.feature_keys, manifest.features, strict=True))
    for index, row in enumerate(rows):
        if unknown := sorted(set(row) - set(known)):
            raise InputInvalid(f"rows[{index}]: {manifest.segmenter} does not read {', '.join(unknown)}; see describe")
    return np.array(
        [[_number(feature, row.get(key), index) for key, feature in known.items()] for index, row in enumerate(rows)]
    )


def to_answers(manifest: Manifest, scores: Scores) -> list[dict[str, Any]]:
    """One plain object per row: segment key, label and score, as Python's own types."""
    entries = manifest.vocabulary
    return [
        {"segment": entries[index].key, "label": entries[index].label, "score": score}
        for index, score in zip(scores.segment_indexes.tolist(), scores.scores.tolist(), strict=True)
    ]


def _number(feature: FeatureInput, value: Any, index: int) -> float:
    if value is None:
        return math.nan
    if isinstance(value, str):
        if value in feature.categories:
            return float(feature.categories.index(value))
        wanted = f"one of {', '.join(feature.categories)}" if feature.categories else "a number"
        raise InputInvalid(f"rows[{index}].{feature.key}: {value!r} is not {wanted}")
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise InputInvalid(f"rows[{index}].{feature.key}: {value!r} is not a finite number (null is missing)")
    return float(value)
