"""One number of segments and what speaks for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from training.algorithms.port import Clusters
from training.clusters.criteria import separation
from training.clusters.stability import Fit, stability
from training.judge.intervals import Interval
from training.rows import Floats


@runtime_checkable
class HasLikelihood(Protocol):
    """Clusters that are a model of how likely rows are."""

    def bic(self, values: Floats) -> float:
        """Bayesian information criterion; less is better."""
        ...


@dataclass(frozen=True)
class Candidate:
    """Figures alone, so that they can be kept in a file; `criteria.py` and `stability.py` say what each is."""

    k: int
    """Clusters; noise is not counted."""
    silhouette: Interval
    davies_bouldin: float
    calinski_harabasz: float
    stability: float
    stability_low: float
    smallest_share: float
    """Of all users, those in the smallest cluster."""
    bic: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As in evaluation.json; `bic` is there where there is one."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        return cls(**{**document, "silhouette": Interval(**document["silhouette"])})


def judge_clusters(fit: Fit, found: Clusters, prepared: Floats, count: int, *, bootstraps: int, seed: int) -> Candidate:
    """Every criterion of one fit; `count` is what was asked for."""
    apart = separation(prepared, found.labels, found.noise, seed)
    again = stability(fit, found, prepared, count, bootstraps=bootstraps, seed=seed)
    shares = cluster_shares(found.labels, found)
    return Candidate(
        k=len(shares),
        silhouette=apart.silhouette,
        davies_bouldin=apart.davies_bouldin,
        calinski_harabasz=apart.calinski_harabasz,
        stability=again.mean,
        stability_low=again.low,
        smallest_share=float(shares.min()),
        bic=found.bic(prepared) if isinstance(found, HasLikelihood) else None,
    )


def cluster_shares(labels: NDArray[np.int32], found: Clusters) -> Floats:
    """The share of the rows in each cluster; noise is left out, and is in the total."""
    sizes = np.bincount(labels, minlength=found.count) / max(len(labels), 1)
    shares: Floats = np.delete(sizes, [] if found.noise is None else [found.noise])
    return shares
