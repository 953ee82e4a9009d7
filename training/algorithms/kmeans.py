"""k-means on quantile scores; k by silhouette and stability; names by the archetypes' rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from strata.errors import DefinitionInvalid, InputInvalid
from strata.runtime import SegmentEntry
from strata.runtime.kmeans import KMeansModel
from training.choose_k import SILHOUETTE_ROWS, Candidate, candidate, choose
from training.definition import Archetype, Axis, Definition, KMeansAlgorithm
from training.naming import describe_centroid, name_centroids
from training.rows import Answers, Evaluation, Export, Floats, TrainingRows
from training.scales import fit_scale, unit_levels
from training.spread import principal_map


@dataclass(frozen=True)
class FittedKMeans:
    """A fitted k-means, its alternatives, and the rows it was fitted on."""

    definition: Definition
    algorithm: KMeansAlgorithm
    rows: TrainingRows
    scaler: KMeansModel
    """Carries the scales; its centroids are those of `chosen`, in vocabulary order."""
    candidates: list[Candidate]
    chosen: Candidate
    order: NDArray[np.intp]
    """Centroid of scikit-learn -> position in the vocabulary."""
    names: list[Archetype]
    """In vocabulary order."""

    def export(self) -> Export:
        return Export(self.scaler.to_json(), {}, self._vocabulary(), "margin")

    def answers(self, values: Floats) -> Answers:
        with threadpool_limits(1):
            scaled = self.scaler.transform(values)
            distances = np.sort(self.chosen.model.transform(scaled), axis=1)
            nearest = self.order[self.chosen.model.predict(scaled)]
        total = distances[:, 0] + distances[:, 1]
        margin = np.divide(distances[:, 1] - distances[:, 0], total, out=np.zeros_like(total), where=total > 0)
        return Answers(nearest.astype(np.int32), margin)

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
            "kind": "kmeans",
            "rows": len(labels),
            "candidates": [
                {"k": c.k, "silhouette": c.silhouette, "stability": c.stability, "stability_low": c.stability_low}
                for c in self.candidates
            ],
            "sizes": {name.key: int(size) for name, size in zip(self.names, sizes, strict=True)},
            "profile": self._profile(labels),
            "axes": self._axis_table(labels),
            "map": principal_map(self.scaler.transform(self.rows.train.values), labels, self.definition.seed),
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
        for axis in self.algorithm.axes.values():
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
        levels = axis_levels(self.scaler.transform(self.rows.train.values), self.rows.schema.keys, self.algorithm.axes)
        return {
            name.key: {axis: float(levels[labels == i, a].mean()) for a, axis in enumerate(self.algorithm.axes)}
            for i, name in enumerate(self.names)
        }

    def _spend_bands(self) -> float:
        """The baseline: as many equal bands of the longest-window spend, judged in the same space."""
        axis = self.algorithm.axes.get("monetary") or next(iter(self.algorithm.axes.values()))
        spend = np.nan_to_num(self.rows.train.values[:, self.rows.schema.keys.index(axis.features[-1])])
        bands = spend.argsort(kind="stable").argsort(kind="stable") * self.chosen.k // len(spend)
        scaled = self.scaler.transform(self.rows.train.values)
        size = min(SILHOUETTE_ROWS, len(spend))
        return float(silhouette_score(scaled, bands, sample_size=size, random_state=self.definition.seed))


def fit_kmeans(definition: Definition, algorithm: KMeansAlgorithm, rows: TrainingRows) -> FittedKMeans:
    """Fit scales, try each k, choose, name. One thread, so that sums come in one order."""
    by_feature = _axis_of(algorithm, rows.schema.keys)
    values = rows.train.values
    low, high = algorithm.k_range
    if len(values) < 10 * high:
        raise InputInvalid(
            f"{definition.name}: {len(values)} users are too few for {high} segments; import more events"
        )
    scales = tuple(
        fit_scale(values[:, i], by_feature[key], algorithm.quantiles) for i, key in enumerate(rows.schema.keys)
    )
    scaled = KMeansModel(scales, np.zeros((1, len(scales)))).transform(values)
    with threadpool_limits(1):
        candidates = [
            candidate(scaled, k, starts=algorithm.starts, bootstraps=algorithm.bootstraps, seed=definition.seed)
            for k in range(low, high + 1)
        ]
    chosen = choose(candidates, definition.gates.get("stability", 0.0), algorithm.silhouette_tolerance)
    model = KMeansModel(scales, chosen.model.cluster_centers_.astype(np.float64))
    positions = axis_levels(model.centroids, rows.schema.keys, algorithm.axes)
    given = name_centroids(positions, list(algorithm.axes), algorithm.archetypes)
    ranked = sorted(range(len(given)), key=lambda i: algorithm.archetypes.index(given[i]))
    ordered = KMeansModel(scales, model.centroids[ranked])
    names = [given[i] for i in ranked]
    return FittedKMeans(definition, algorithm, rows, ordered, candidates, chosen, np.argsort(ranked), names)


def axis_levels(scaled: Floats, keys: list[str], axes: dict[str, Axis]) -> Floats:
    """[n, f] scaled -> [n, axes] in 0..1, 1 being the good end of each axis."""
    columns = [unit_levels(scaled[:, [keys.index(f) for f in axis.features]], axis) for axis in axes.values()]
    return np.column_stack(columns)


def _axis_of(algorithm: KMeansAlgorithm, keys: list[str]) -> dict[str, Axis]:
    by_feature = {feature: axis for axis in algorithm.axes.values() for feature in axis.features}
    if unknown := sorted(set(by_feature) - set(keys)):
        raise DefinitionInvalid(f"axes name features the service does not have: {', '.join(unknown)}")
    if unused := sorted(set(keys) - set(by_feature)):
        raise DefinitionInvalid(f"features of the service on no axis: {', '.join(unused)}")
    return by_feature
