"""Clusters of users: their number by silhouette and stability, their names by the archetypes' rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from strata.errors import InputInvalid
from strata.runtime import SegmentEntry
from training.algorithms import cluster_algorithm
from training.algorithms.port import Clusters
from training.clusters.choose import SILHOUETTE_ROWS, Candidate, candidate, choose
from training.clusters.naming import describe_centroid, name_centroids
from training.clusters.spread import principal_map
from training.definition import Definition
from training.prepare.axis_scales import AxisScales, fit_axis_scales
from training.prepare.fit import fit_preparation
from training.prepare.fitted_steps import FittedSteps
from training.rows import Answers, Evaluation, Export, Floats, TrainingRows
from training.sections import ClusterSection, SegmentText


@dataclass(frozen=True)
class FittedClusters:
    """Named clusters, their alternatives, and the rows they were found in."""

    definition: Definition
    section: ClusterSection
    rows: TrainingRows
    preparation: FittedSteps
    axes: AxisScales
    candidates: list[Candidate]
    chosen: Candidate
    order: NDArray[np.intp]
    """Cluster -> position in the vocabulary."""
    names: Sequence[SegmentText]
    """In vocabulary order."""

    def renamed(self, names: Sequence[SegmentText]) -> FittedClusters:
        """The same clusters by other names, in vocabulary order."""
        return replace(self, names=names)

    def export(self) -> Export:
        found = self.preparation.wrap(self.chosen.found.export(self.order.tolist()))
        return Export(found.model, found.files, self._vocabulary(), self.chosen.found.score_meaning)

    def answers(self, values: Floats) -> Answers:
        with threadpool_limits(1):
            found = self.chosen.found.assign(self.preparation.apply(values))
        return Answers(self.order[found.segment_indexes].astype(np.int32), found.scores)

    def evaluate(self) -> Evaluation:
        labels = self.answers(self.rows.train.values).segment_indexes
        sizes = np.bincount(labels, minlength=len(self.names))
        baseline = self._spend_bands()
        metrics = {
            "silhouette": self.chosen.silhouette,
            "stability": self.chosen.stability,
            "segments": float(self.chosen.k),
            "smallest_share": float(sizes.min() / sizes.sum()),
            "baseline_silhouette": baseline,
        }
        details = {
            "kind": "clusters",
            "rows": len(labels),
            "preparation": self.preparation.record,
            "candidates": [
                {"k": c.k, "silhouette": c.silhouette, "stability": c.stability, "stability_low": c.stability_low}
                for c in self.candidates
            ],
            "sizes": {name.key: int(size) for name, size in zip(self.names, sizes, strict=True)},
            "profile": self._profile(labels),
            "axes": self._axis_table(labels),
            "map": principal_map(self.preparation.apply(self.rows.train.values), labels, self.definition.seed),
        }
        return Evaluation(metrics, details, self._headline(sizes, baseline))

    def _headline(self, sizes: NDArray[np.intp], baseline: float) -> list[str]:
        largest = self.names[int(sizes.argmax())]
        return [
            f"{sizes.sum():,} users fall into {self.chosen.k} segments; the largest is "
            f"{largest.label.lower()!r} with {sizes.max() / sizes.sum():.0%}, the smallest has "
            f"{sizes.min() / sizes.sum():.0%}.",
            f"Refitted on resampled users, {self.chosen.stability:.0%} agreement beyond chance "
            f"(adjusted Rand index): a user's segment is a property of the user, not of the sample.",
            f"Separation (silhouette) {self.chosen.silhouette:.2f}; cutting users into as many bands by "
            f"spend alone gives {baseline:.2f}.",
        ]

    def _vocabulary(self) -> tuple[SegmentEntry, ...]:
        labels = self.answers(self.rows.train.values).segment_indexes
        entries = []
        for index, name in enumerate(self.names):
            medians = self._medians(self.rows.train.values[labels == index])
            entries.append(SegmentEntry(name.key, name.label, describe_centroid(name.description, medians)))
        return tuple(entries)

    def _medians(self, values: Floats) -> dict[str, str]:
        """The middle feature of each axis, in original units, for a sentence."""
        out = {}
        for axis in self.section.axes.values():
            feature = axis.features[len(axis.features) // 2]
            column = values[:, self.rows.schema.keys.index(feature)]
            present = column[~np.isnan(column)]
            shown = f"{np.median(present):,.0f}" if present.size else "none"
            out[feature] = f"{shown} {axis.unit}"
        return out

    def _profile(self, labels: NDArray[np.int32]) -> list[dict[str, float | str | None]]:
        rows: list[dict[str, float | str | None]] = []
        for column, key in enumerate(self.rows.schema.keys):
            row: dict[str, float | str | None] = {"feature": key}
            for index, name in enumerate(self.names):
                values = self.rows.train.values[labels == index, column]
                present = values[~np.isnan(values)]
                row[name.key] = float(np.median(present)) if present.size else None
            rows.append(row)
        return rows

    def _axis_table(self, labels: NDArray[np.int32]) -> dict[str, dict[str, float]]:
        levels = self.axes.levels(self.rows.train.values)
        return {
            name.key: {axis: float(levels[labels == i, a].mean()) for a, axis in enumerate(self.section.axes)}
            for i, name in enumerate(self.names)
        }

    def _spend_bands(self) -> float:
        """The baseline: as many equal bands of the longest-window spend, judged in the same space."""
        axis = self.section.axes.get("monetary") or next(iter(self.section.axes.values()))
        spend = np.nan_to_num(self.rows.train.values[:, self.rows.schema.keys.index(axis.features[-1])])
        bands = spend.argsort(kind="stable").argsort(kind="stable") * self.chosen.k // len(spend)
        scaled = self.preparation.apply(self.rows.train.values)
        size = min(SILHOUETTE_ROWS, len(spend))
        return float(silhouette_score(scaled, bands, sample_size=size, random_state=self.definition.seed))


def fit_clusters(definition: Definition, section: ClusterSection, rows: TrainingRows) -> FittedClusters:
    """Prepare, try each k, choose, name. One thread, so that sums come in one order."""
    values, keys = rows.train.values, rows.schema.keys
    low, high = section.k_range
    if len(values) < 10 * high:
        raise InputInvalid(
            f"{definition.name}: {len(values)} users are too few for {high} segments; import more events"
        )
    preparation = fit_preparation(definition, rows.schema, values)
    scaled = preparation.training
    axes = fit_axis_scales(section, keys, values)
    levels = axes.levels(values[preparation.kept])
    algorithm = cluster_algorithm(section)

    def fit(rows: Floats, count: int, seed: int) -> Clusters:
        return algorithm.fit(rows, section, count=count, seed=seed)

    with threadpool_limits(1):
        candidates = [
            candidate(fit, scaled, k, bootstraps=section.bootstraps, seed=definition.seed) for k in range(low, high + 1)
        ]
    gate = definition.gates.get("stability")
    least = 0.0 if gate is None else gate.at_least or 0.0
    chosen = choose(candidates, least, section.silhouette_tolerance)
    middles = np.array([levels[chosen.found.labels == each].mean(axis=0) for each in range(chosen.found.count)])
    given = name_centroids(middles, list(section.axes), section.archetypes)
    ranked = sorted(range(len(given)), key=lambda i: section.archetypes.index(given[i]))
    names = [given[i] for i in ranked]
    return FittedClusters(definition, section, rows, preparation, axes, candidates, chosen, np.argsort(ranked), names)
