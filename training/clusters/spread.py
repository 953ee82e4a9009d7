"""A flat picture of many dimensions, for the evaluation page."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.rows import Floats

MAP_POINTS = 1_500


def principal_map(prepared: Floats, labels: NDArray[np.int32], seed: int) -> dict[str, Any]:
    """Up to 1,500 rows on the first two principal components, and the share of the variance they show."""
    middle = prepared.mean(axis=0)
    # The covariance has as many numbers as columns squared, whatever the rows: a million of them need no second copy.
    variances, vectors = np.linalg.eigh(np.cov(prepared, rowvar=False).reshape(len(middle), len(middle)))
    components = np.zeros((2, len(middle)))
    components[: len(middle)] = vectors[:, ::-1].T[:2]
    # A component's sign is arbitrary: make its largest weight positive, so that the picture is repeatable.
    strongest = np.abs(components).argmax(axis=1)
    components *= np.where(components[[0, 1], strongest] < 0, -1.0, 1.0)[:, None]
    chosen = np.random.default_rng(seed).permutation(len(prepared))[:MAP_POINTS]
    points = (prepared[chosen] - middle) @ components.T
    return {
        "method": "pca",
        "x": points[:, 0].tolist(),
        "y": points[:, 1].tolist(),
        "segment": labels[chosen].tolist(),
        "variance": float(variances[::-1][:2].sum() / max(variances.sum(), 1e-300)),
    }
