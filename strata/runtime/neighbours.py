"""The nearest of many kept points: clusters of any shape, and a segment for rows that are near none of them.

A row's distance to a point is Euclidean, in steps of that point's scale. Beyond `reach` of the nearest, the first
among equals, it belongs to the noise segment, else to that point's. The score is the margin `(b - a) / (b + a)` of the
distances to this side and the other of the border: inside, `a` is the distance to the nearest point and `b` that to
the nearest of another segment, `reach` at most; for noise `a` is `reach` and `b` the distance to the nearest point.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from strata.errors import PackageInvalid
from strata.runtime.distances import distances_of_one
from strata.runtime.kmeans import squared_distances
from strata.runtime.model import Floats, Scores
from strata.runtime.native_call import KernelScore
from strata.runtime.native_neighbours import NativeNeighbours, native_neighbours
from strata.runtime.numbers import read_index
from strata.runtime.present import bounded, bounded_row, read_bounded_matrix, read_bounded_vector, refuse_unknown

FORMAT: Final = "neighbours/1"
BLOCK: Final = 2**15
"""Distances at a time: 256 kB of them stay in the cache while columns are added up."""
LEAST: Final = 1e-50
"""A scale: distances in steps of it stay below 1e308."""


@dataclass(frozen=True)
class NeighboursModel:
    """See `Model`."""

    points: Floats
    """[p, d]"""
    segments: NDArray[np.int32]
    """[p] vocabulary positions."""
    scales: Floats
    """[p], positive."""
    reach: float
    noise: int
    """The vocabulary position of rows near no point."""

    def score(self, values: Floats) -> Scores:
        if self._native is not None:
            segments, margins = self._native.place(values)
            return Scores(segments.astype(np.int32), margins.astype(np.float32))
        found, scores = np.empty(len(values), dtype=np.int32), np.empty(len(values), dtype=np.float32)
        block = max(1, BLOCK // len(self.points))
        for start in range(0, len(values), block):
            rows = slice(start, start + block)
            squared = squared_distances(bounded(values[rows]), self.points)
            found[rows], scores[rows] = self._placed(np.sqrt(squared) / self.scales)
        return Scores(found, scores)

    def score_row(self, row: Floats) -> tuple[int, float]:
        """See `Model.score_row`; the same margin to the last bit, in numpy or in the kernel."""
        if self._native is not None and row.flags.c_contiguous:
            return self._native.place_one(row)
        distances = np.sqrt(distances_of_one(bounded_row(row), self._columns)) / self.scales
        nearest = int(distances.argmin())
        near, segment = float(distances[nearest]), self._segment_list[nearest]
        if near > self.reach:
            return self.noise, (near - self.reach) / (near + self.reach)
        border = min(float(distances[self._others[segment]].min(initial=self.reach)), self.reach)
        return segment, (border - near) / (border + near) if border > 0 else 0.0

    def kernel_score(self) -> KernelScore | None:
        return None if self._native is None else self._native.kernel_score()

    def _placed(self, distances: Floats) -> tuple[NDArray[np.int32], Floats]:
        nearest = distances.argmin(axis=1)
        near, segments = distances[np.arange(len(distances)), nearest], self.segments[nearest]
        others = np.where(self.segments == segments[:, None], np.inf, distances)
        border = np.minimum(others.min(axis=1), self.reach)
        outside = near > self.reach
        inner, outer = np.where(outside, self.reach, near), np.where(outside, near, border)
        total = inner + outer
        margins = np.divide(outer - inner, total, out=np.zeros_like(total), where=outer > 0)
        return np.where(outside, self.noise, segments).astype(np.int32), margins

    @cached_property
    def _native(self) -> NativeNeighbours | None:
        return native_neighbours(self.points, self.segments, self.scales, reach=self.reach, noise=self.noise)

    @cached_property
    def _columns(self) -> Floats:
        return np.ascontiguousarray(self.points.T)

    @cached_property
    def _segment_list(self) -> list[int]:
        found: list[int] = self.segments.tolist()
        return found

    @cached_property
    def _others(self) -> dict[int, NDArray[np.intp]]:
        """Per segment, the points of other ones."""
        return {each: np.flatnonzero(self.segments != each) for each in set(self._segment_list)}


def read_neighbours(document: dict[str, Any], width: int, segment_count: int) -> NeighboursModel:
    """Read `points` [p][d], two at least, their `segments` and `scales`, `reach` and `noise`. Raises PackageInvalid."""
    refuse_unknown(document, f"a {FORMAT} model", "points", "segments", "scales", "reach", "noise")
    points = read_bounded_matrix(document.get("points"), "the points", columns=width)
    count = len(points)
    if count < 2:
        raise PackageInvalid("the points: two at least are needed")
    scales = read_bounded_vector(document.get("scales"), "the points' scales", length=count)
    reach = read_bounded_vector([document.get("reach")], "the reach", length=1)
    if min(scales.min(), reach[0]) < LEAST:
        raise PackageInvalid(f"the points' scales and the reach should be {LEAST:g} at least")
    segments = document.get("segments")
    if not isinstance(segments, list) or len(segments) != count:
        raise PackageInvalid(f"the points' segments: one for each of {count} is needed")
    noise = read_index(document.get("noise"), "the noise segment", below=segment_count)
    found = np.array([read_index(each, "a point's segment", below=segment_count) for each in segments], dtype=np.int32)
    return NeighboursModel(points, found, scales, float(reach[0]), noise)
