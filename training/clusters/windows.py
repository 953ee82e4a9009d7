"""Whether earlier instants would have given the same segments: found again there, compared on the same users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score

from strata.clock import format_instant
from training.algorithms.port import Clusters
from training.clusters.criteria import silhouette_interval
from training.prepare.fitted_steps import FittedSteps
from training.rows import EarlierRows, Floats

Again = Callable[[Floats], tuple[FittedSteps, Clusters]]
"""Prepare raw rows afresh and find as many clusters in them as there are now."""


@dataclass(frozen=True)
class Today:
    """The users of now and the segments they are in."""

    values: Floats
    """[n, f] raw."""
    labels: NDArray[np.int32]
    keys: Sequence[str]
    noise: int | None
    """Position in the vocabulary."""


@dataclass(frozen=True)
class Window:
    """One earlier instant."""

    as_of_us: int
    agreement: float
    """Adjusted Rand index of the solution found then and that of now, both asked about today's rows of the users who
    were known then: what differs is the solution, not the users."""
    matched: float
    """Of these users, the share whose segments are each other's match (maximum-weight, on overlap)."""
    shares: dict[str, float]
    """Of the users learned from then, as they were then, by the segment each cluster is matched with. A segment without
    a match is not there; clusters without one are in none."""
    silhouette: float

    def to_json(self) -> dict[str, Any]:
        return {
            "as_of": format_instant(self.as_of_us),
            "agreement": self.agreement,
            "matched": self.matched,
            "shares": self.shares,
            "silhouette": self.silhouette,
        }


def compare_window(earlier: EarlierRows, today: Today, again: Again, seed: int) -> Window:
    """Find the clusters of an earlier instant and compare. Raises InputInvalid where its rows carry none."""
    preparation, found = again(earlier.values)
    ours = today.labels[earlier.places]
    theirs = found.assign(preparation.apply(today.values[earlier.places])).segment_indexes
    match = match_clusters(theirs, ours, found, today)
    shares: dict[str, float] = {}
    for cluster, share in enumerate(np.bincount(found.labels, minlength=found.count) / len(found.labels)):
        if match[cluster] >= 0:
            shares[today.keys[match[cluster]]] = float(share)
    return Window(
        earlier.as_of_us,
        float(adjusted_rand_score(ours, theirs)),
        float((match[theirs] == ours).mean()),
        {key: shares[key] for key in today.keys if key in shares},
        _silhouette(preparation.training, found, seed),
    )


def match_clusters(
    theirs: NDArray[np.int32], ours: NDArray[np.int32], found: Clusters, today: Today
) -> NDArray[np.intp]:
    """Per cluster of then the segment of now with which it shares most users, each used once; -1: none is left.

    Noise is matched with noise alone: it is no group.
    """
    overlap = np.zeros((found.count, len(today.keys)))
    np.add.at(overlap, (theirs, ours), 1)
    if found.noise is not None and today.noise is not None:
        # More than all users together: no other assignment weighs as much.
        overlap[found.noise, today.noise] = len(ours) + 1
    rows, columns = linear_sum_assignment(-overlap)
    match = np.full(found.count, -1)
    match[rows] = np.where(overlap[rows, columns] > 0, columns, -1)
    return match


def _silhouette(prepared: Floats, found: Clusters, seed: int) -> float:
    inside = found.labels != (-1 if found.noise is None else found.noise)
    return silhouette_interval(prepared[inside], found.labels[inside], seed).value
