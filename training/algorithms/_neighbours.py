"""Kept points and the rule that places a row beside them; `hdbscan.py` says what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from training.rows import Answers, Floats

FORMAT: Final = "neighbours/1"
# A manifest writes a number in about 20 bytes: 24,000 of them stay below half a megabyte.
MOST_NUMBERS: Final = 24_000
MOST_POINTS: Final = 2_000
# Of every cluster at least so many, however small it is beside the others.
LEAST_POINTS: Final = 20
# Short numbers, and the same here as in the package: a millionth of the largest coordinate is no difference.
_DIGITS: Final = 6
_CHUNK: Final = 4_096


@dataclass(frozen=True)
class KeptPoints:
    """Points [p, d], the cluster and the scale of each [p]; `noise` is the cluster after the last."""

    points: Floats
    clusters: NDArray[np.int32]
    scales: Floats
    noise: int
    rows: NDArray[np.intp]
    """Which row of those it was fitted on each point is."""
    reach: float = np.inf

    def assign(self, values: Floats) -> Answers:
        """Cluster and margin, [n] each."""
        parts = [self._assign(values[i : i + _CHUNK]) for i in range(0, len(values), _CHUNK)]
        if not parts:
            return Answers(np.zeros(0, dtype=np.int32), np.zeros(0))
        return Answers(
            np.concatenate([part.segment_indexes for part in parts]), np.concatenate([part.scores for part in parts])
        )

    def distances(self, values: Floats) -> Floats:
        """[n, p], each in steps of its point's scale."""
        found: Floats = cdist(values, self.points) / self.scales
        return found

    def to_json(self, order: Sequence[int]) -> dict[str, Any]:
        """`order[i]` is the vocabulary position of cluster i."""
        return {
            "format": FORMAT,
            "points": self.points.tolist(),
            "segments": [int(order[cluster]) for cluster in self.clusters],
            "scales": self.scales.tolist(),
            "reach": self.reach,
            "noise": int(order[self.noise]),
        }

    def _assign(self, values: Floats) -> Answers:
        distances = self.distances(values)
        nearest = distances.argmin(axis=1)
        near, cluster = distances[np.arange(len(values)), nearest], self.clusters[nearest]
        distances[self.clusters[None, :] == cluster[:, None]] = np.inf
        border = np.minimum(distances.min(axis=1), self.reach)
        outside = near > self.reach
        inner, outer = np.where(outside, self.reach, near), np.where(outside, near, border)
        total = inner + outer
        scores: Floats = np.divide(outer - inner, total, out=np.zeros_like(total), where=total > 0)
        return Answers(np.where(outside, self.noise, cluster).astype(np.int32), scores)


def point_scales(core_distances: Floats) -> Floats:
    """Core distances as scales: a tenth of their median at least, since equal rows have none.

    >>> point_scales(np.array([0.0, 1.0, 3.0])).tolist()
    [0.2, 1.0, 3.0]
    """
    present = core_distances[core_distances > 0]
    floor = 0.1 * float(np.median(present)) if present.size else 1.0
    return np.maximum(core_distances, floor)


def keep_points(rows: Floats, found: NDArray[np.int32], scales: Floats, seed: int) -> KeptPoints:
    """Rows of the clusters (`found` >= 0), all where they are few, else a seeded share of each cluster."""
    count = int(found.max()) + 1
    most = max(min(MOST_POINTS, MOST_NUMBERS // (rows.shape[1] + 2)), count)
    kept = np.flatnonzero(found >= 0)
    if kept.size > most:
        rng = np.random.default_rng([seed, count])
        kept = np.sort(np.concatenate([_part(kept[found[kept] == c], kept.size, most, rng) for c in range(count)]))
    largest = float(np.abs(rows[kept]).max())
    decimals = _DIGITS - int(np.ceil(np.log10(largest))) if largest > 0 else _DIGITS
    rounded = np.maximum(np.round(scales[kept], decimals), 10.0**-decimals)
    return KeptPoints(np.round(rows[kept], decimals), found[kept], rounded, count, kept)


def choose_reach(kept: KeptPoints, rows: Floats, found: NDArray[np.int32]) -> KeptPoints:
    """With the reach that tells clustered rows from noise most often, a row never being its own neighbour."""
    near = _near_others(kept, rows)
    order = np.argsort(near, kind="stable")
    clustered = found[order] >= 0
    # right[i]: rows on their own side when the i nearest are within reach.
    right = np.concatenate([[0], np.cumsum(np.where(clustered, 1, -1))])
    within = int(len(right) - 1 - right[::-1].argmax())
    edges = near[order]
    last = edges[min(within, len(edges)) - 1] if within else 0.0
    beyond = edges[within] if within < len(edges) else last
    reach = float(last + beyond) / 2
    return replace(kept, reach=reach if np.isfinite(reach) and reach > 0 else 1.0)


def _near_others(kept: KeptPoints, rows: Floats) -> Floats:
    near = np.empty(len(rows))
    place = np.full(len(rows), -1)
    place[kept.rows] = np.arange(len(kept.rows))
    for start in range(0, len(rows), _CHUNK):
        distances = kept.distances(rows[start : start + _CHUNK])
        own = place[start : start + _CHUNK]
        itself = np.flatnonzero(own >= 0)
        distances[itself, own[itself]] = np.inf
        near[start : start + _CHUNK] = distances.min(axis=1)
    return near


def _part(rows: NDArray[np.intp], total: int, most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """The cluster's part of `most`, in proportion to its rows."""
    wanted = max(min(LEAST_POINTS, most // 2), int(len(rows) * most / total))
    return rng.permutation(rows)[:wanted]
