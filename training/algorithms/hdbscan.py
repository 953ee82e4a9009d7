"""HDBSCAN (Campello et al. 2013): clusters where users are dense, and a segment for those who are like nobody.

A row is placed by the rule below, new or not: the rows it was fitted on are placed once more by it, so that training
and serving say the same. Kept of each cluster are some of its rows, each with its *scale*, the distance to the
`neighbours`-th row around it (its core distance): how far apart users are just there.

- A row's distance to a kept point is Euclidean, divided by that point's scale: one density's step is 1 everywhere.
- `near` is the smallest of them (the first among equals), `other` the smallest to a point of another segment.
- Beyond `reach`, the row is noise. Else it belongs to the segment of that nearest point.
- The score is a margin, `(b - a) / (b + a)` of the distances to this side and the other side of the border:
  `a = near, b = min(other, reach)` inside, `a = reach, b = near` for noise; 0 where both are 0.
  It is 0 on a border, 1 on a kept point, and grows towards 1 the farther out a noise row lies.

`reach` is where the rule repeats HDBSCAN's own answer for most of the rows it was fitted on, each without itself.

The document, `neighbours/1`: `{"format": "neighbours/1", "points": [[p x d]], "segments": [p], "scales": [p, > 0],
"reach": > 0, "noise": position}`; `segments` and `noise` are positions in the vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.cluster import HDBSCAN
from sklearn.neighbors import NearestNeighbors

from strata.errors import InputInvalid
from strata.runtime.manifest import ScoreMeaning
from training.algorithms._bounded import bounded_rows
from training.algorithms._neighbours import KeptPoints, choose_reach, keep_points, point_scales
from training.algorithms.port import Exported
from training.rows import Answers, Floats
from training.sections import ClusterSection, SegmentText

# Its spanning tree compares every pair: 10,000 rows of 12 columns take 2 s on one core (2026-11), four times as
# many sixteen times as long.
MOST_ROWS = 10_000

UNASSIGNED = SegmentText(
    key="unassigned", label="Unassigned", description="Like no group of users: too few others are similar."
)


class HdbscanSection(ClusterSection):
    """Dense groups; how many there are, the data decide."""

    kind: Literal["hdbscan"]
    min_cluster_share: float = Field(default=0.02, gt=0, lt=0.5)
    """A cluster has at least this share of the rows. Smaller finds more of them."""
    neighbours: int = Field(default=10, ge=2, le=200)
    """How many rows around one make it dense (`min_samples`). More leaves more rows unassigned."""
    cut: Literal["eom", "leaf"] = "eom"
    """The most persistent clusters, or the finest."""
    noise: SegmentText = UNASSIGNED

    @property
    def noise_text(self) -> SegmentText:
        return self.noise


@dataclass(frozen=True)
class HdbscanClusters:
    """See `Clusters`. The noise segment is the last, and is there even when no row is in it yet."""

    kept: KeptPoints
    labels: NDArray[np.int32]
    notes: tuple[str, ...]
    score_meaning: ClassVar[ScoreMeaning] = "margin"

    @property
    def count(self) -> int:
        return self.kept.noise + 1

    @property
    def noise(self) -> int:
        return self.kept.noise

    def assign(self, values: Floats) -> Answers:
        return self.kept.assign(values)

    def export(self, order: Sequence[int]) -> Exported:
        return Exported(self.kept.to_json(order))


class HdbscanAlgorithm:
    """See `ClusterAlgorithm`."""

    kind: ClassVar[str] = "hdbscan"
    section: ClassVar[type[ClusterSection]] = HdbscanSection
    chooses_count: ClassVar[bool] = True

    def fit(self, values: Floats, section: HdbscanSection, *, count: int, seed: int) -> HdbscanClusters:
        rows, notes = bounded_rows(values, MOST_ROWS, seed, "HDBSCAN compares every pair of rows")
        found = _find(rows, section)
        kept = keep_points(rows, found, point_scales(_core_distances(rows, section)), seed)
        kept = choose_reach(kept, rows, found)
        again = kept.assign(rows).segment_indexes
        theirs = np.where(found < 0, kept.noise, found)
        agreed = float((again == theirs).mean())
        notes.append(
            f"The rule that places new users ({len(kept.points):,} kept points) repeats HDBSCAN's own answer for "
            f"{agreed:.1%} of the rows it was fitted on."
        )
        labels = again if rows is values else kept.assign(values).segment_indexes
        return HdbscanClusters(kept, labels, tuple(notes))


def _find(rows: Floats, section: HdbscanSection) -> NDArray[np.int32]:
    smallest = max(2, round(section.min_cluster_share * len(rows)))
    neighbours = _neighbours(rows, section)
    library = HDBSCAN(
        min_cluster_size=smallest, min_samples=neighbours, cluster_selection_method=section.cut, copy=True
    )
    found: NDArray[np.int32] = library.fit(rows).labels_.astype(np.int32)
    if not (found >= 0).any():
        raise InputInvalid(
            f"HDBSCAN finds no group of {smallest} similar users; lower algorithm.min_cluster_share or neighbours"
        )
    return found


def _neighbours(rows: Floats, section: HdbscanSection) -> int:
    return min(section.neighbours, len(rows))


def _core_distances(rows: Floats, section: HdbscanSection) -> Floats:
    """[n] distance to the `neighbours`-th row, itself counted, as HDBSCAN counts."""
    index = NearestNeighbors(n_neighbors=_neighbours(rows, section)).fit(rows)
    found: Floats = index.kneighbors(rows)[0][:, -1]
    return found


ALGORITHM = HdbscanAlgorithm()
