"""A flat picture of many dimensions, for the evaluation page."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.rows import Floats

MAP_POINTS = 1_500


def principal_map(scaled: Floats, labels: NDArray[np.int32], seed: int) -> dict[str, Any]:
    """Up to 1,500 rows on the first two principal components, and the share of the variance they show."""
    centred = scaled - scaled.mean(axis=0)
    _, singular, components = np.linalg.svd(centred, full_matrices=False)
    # A component's sign is arbitrary: make its largest weight positive, so that the picture is repeatable.
    strongest = np.abs(components[:2]).argmax(axis=1)
    components = components[:2] * np.sign(components[[0, 1], strongest])[:, None]
    chosen = np.random.default_rng(seed).permutation(len(scaled))[:MAP_POINTS]
    points = centred[chosen] @ components.T
    shown = float((singular[:2] ** 2).sum() / max((singular**2).sum(), 1e-300))
    return {
        "x": points[:, 0].tolist(),
        "y": points[:, 1].tolist(),
        "segment": labels[chosen].tolist(),
        "variance": shown,
    }
