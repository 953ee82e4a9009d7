"""Named clusters of users: what goes into a package, how it answers, and how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from strata.runtime import SegmentEntry
from training.algorithms.port import Clusters
from training.clusters.candidate import Candidate
from training.clusters.choose import Choice
from training.clusters.evaluation import evaluate_clusters
from training.clusters.naming import describe_centroid
from training.clusters.profile import typical_member
from training.definition import Definition
from training.prepare.fitted_steps import FittedSteps
from training.rows import Answers, Evaluation, Export, Floats, TrainingRows
from training.sections import ClusterSection, SegmentText


@dataclass(frozen=True)
class FittedClusters:
    """The chosen clusters, their alternatives, and the rows they were found in."""

    definition: Definition
    section: ClusterSection
    rows: TrainingRows
    preparation: FittedSteps
    found: Clusters
    asked: int
    """The number of clusters that was asked for when they were found."""
    candidates: list[Candidate]
    choice: Choice
    names: Sequence[SegmentText]
    """In vocabulary order."""
    order: NDArray[np.intp]
    """Cluster -> position in the vocabulary."""
    levels: Floats
    """[n, axes] where each user lies on each axis, 0..1."""
    notes: tuple[str, ...]

    def renamed(self, names: Sequence[SegmentText]) -> FittedClusters:
        """The same clusters by other names, in vocabulary order."""
        return replace(self, names=names)

    def export(self) -> Export:
        found = self.preparation.wrap(self.found.export(self.order.tolist()))
        return Export(found.model, found.files, self._vocabulary(), self.found.score_meaning)

    def answers(self, values: Floats) -> Answers:
        with threadpool_limits(1):
            found = self.found.assign(self.preparation.apply(values))
        return Answers(self.order[found.segment_indexes].astype(np.int32), found.scores)

    def evaluate(self) -> Evaluation:
        with threadpool_limits(1):
            return evaluate_clusters(self)

    @cached_property
    def today(self) -> Answers:
        """Segment and score of each training row, whether it was learned from or left out."""
        return self.answers(self.rows.train.values)

    @property
    def keys(self) -> list[str]:
        """Of the segments, in vocabulary order."""
        return [name.key for name in self.names]

    @property
    def noise(self) -> int | None:
        """Its position in the vocabulary."""
        return None if self.found.noise is None else int(self.order[self.found.noise])

    def _vocabulary(self) -> tuple[SegmentEntry, ...]:
        labels, features = self.today.segment_indexes, self.rows.schema.keys
        entries = []
        for index, name in enumerate(self.names):
            description = name.description
            if index != self.noise:
                typical = typical_member(self.rows.train.values[labels == index], features, self.section.axes)
                description = describe_centroid(description, typical)
            entries.append(SegmentEntry(name.key, name.label, description))
        return tuple(entries)
