"""What nearest-centroid algorithms share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.algorithms.port import Exported
from training.rows import Floats

FORMAT = "centroids/1"


def export_centroids(centroids: Floats, order: Sequence[int]) -> Exported:
    """Centroids [k, d] of prepared rows; `order[i]` is the vocabulary position of cluster i."""
    placed = np.empty_like(centroids, dtype=np.float64)
    placed[np.asarray(order)] = centroids
    return Exported({"format": FORMAT, "centroids": placed.tolist()})


def margins(distances: Floats) -> Floats:
    """[n, k] distances to the centroids -> [n] `(d2 - d1) / (d2 + d1)`: 0 on a border, 1 on a centroid."""
    two = np.sort(distances, axis=1)[:, :2]
    total = two[:, 0] + two[:, 1]
    found: Floats = np.divide(two[:, 1] - two[:, 0], total, out=np.zeros_like(total), where=total > 0)
    return found
