"""What each segment between two thresholds holds of the test rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.algorithms.port import Labels
from training.judge.intervals import Resampling, bootstrap, percentile_interval
from training.rows import Floats
from training.sections import Band


def band_table(
    bands: Sequence[Band], labels: Labels, positions: NDArray[np.int32], how: Resampling
) -> list[dict[str, Any]]:
    """`details["bands"]`, in the file's order; `positions` [n] says which band each row got.

    `precision` (None where nobody got it) and `recall`, each with the ends of its bootstrap as `*_interval`.
    """
    return [_row(band, labels, positions == place, how) for place, band in enumerate(bands)]


def _row(band: Band, labels: Labels, inside: NDArray[np.bool_], how: Resampling) -> dict[str, Any]:
    hits = np.where(inside, labels, 0)
    found = bootstrap(lambda weights: _shares(weights, hits, inside, labels), len(labels), how)
    precision, recall = (percentile_interval(found[:, which]) for which in range(2))
    return {
        "segment": band.key,
        "label": band.label,
        "rows": int(inside.sum()),
        "share": float(inside.mean()),
        "positives": int(hits.sum()),
        "precision": precision.value if inside.any() else None,
        "precision_interval": [precision.low, precision.high] if inside.any() else None,
        "recall": recall.value,
        "recall_interval": [recall.low, recall.high],
    }


def _shares(weights: Floats, hits: Labels, inside: NDArray[np.bool_], labels: Labels) -> Floats:
    """[b, 2]: positives of those inside, and of all positives those inside."""
    # einsum and not a matrix product: threads of a BLAS would move the last bit.
    right, taken, positive = (np.einsum("ij,j->i", weights, each.astype(np.float64)) for each in (hits, inside, labels))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([right / taken, right / positive], axis=1)
