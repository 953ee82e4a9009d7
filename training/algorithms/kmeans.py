"""k-means (Lloyd 1982), the best of several starts by k-means++."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.cluster import KMeans

from strata.runtime.manifest import ScoreMeaning
from training.algorithms._centroids import export_centroids, margins
from training.algorithms.port import Exported
from training.rows import Answers, Floats
from training.sections import ClusterSection


class KMeansSection(ClusterSection):
    """Nearest-centroid segments."""

    kind: Literal["kmeans"]
    starts: int = Field(default=8, ge=1)


@dataclass(frozen=True)
class KMeansClusters:
    """See `Clusters`."""

    model: KMeans
    score_meaning: ClassVar[ScoreMeaning] = "margin"
    noise: ClassVar[None] = None

    @property
    def labels(self) -> NDArray[np.int32]:
        found: NDArray[np.int32] = self.model.labels_
        return found

    @property
    def count(self) -> int:
        return len(self.model.cluster_centers_)

    def assign(self, values: Floats) -> Answers:
        return Answers(self.model.predict(values).astype(np.int32), margins(self.model.transform(values)))

    def export(self, order: Sequence[int]) -> Exported:
        return export_centroids(self.model.cluster_centers_, order)


class KMeansAlgorithm:
    """See `ClusterAlgorithm`."""

    kind: ClassVar[str] = "kmeans"
    section: ClassVar[type[ClusterSection]] = KMeansSection
    chooses_count: ClassVar[bool] = False

    def fit(self, values: Floats, section: KMeansSection, *, count: int, seed: int) -> KMeansClusters:
        return KMeansClusters(KMeans(count, n_init=section.starts, random_state=seed).fit(values))


ALGORITHM = KMeansAlgorithm()
