"""What an evaluation measures anew of chosen clusters, and the metrics it makes of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import silhouette_score

from strata.clock import format_instant
from strata.errors import InputInvalid
from training.algorithms import cluster_algorithm
from training.algorithms.port import Clusters
from training.clusters.cards import plain_name
from training.clusters.criteria import SILHOUETTE_ROWS
from training.clusters.windows import Today, Window, compare_window
from training.prepare.fit import fit_preparation
from training.prepare.fitted_steps import FittedSteps
from training.rows import Floats

if TYPE_CHECKING:
    from training.clusters.fitted import FittedClusters


@dataclass(frozen=True)
class Measured:
    """Of one fit."""

    sizes: NDArray[np.intp]
    """Users per segment, in vocabulary order."""
    clusters: NDArray[np.intp]
    """The same without noise, which is the last in the vocabulary and no cluster."""
    baseline: float
    """Silhouette of as many equal bands by `baseline_of` alone, of the same users."""
    baseline_of: str
    """The feature, as people would say it."""
    windows: list[Window]
    skipped: list[str]
    """A sentence for each earlier instant that could not be compared."""


def measure(fitted: FittedClusters) -> Measured:
    """Sizes, the baseline, and every earlier instant that was asked for."""
    sizes = np.bincount(fitted.today.segment_indexes, minlength=len(fitted.names))
    windows, skipped = _windows(fitted)
    clusters = sizes if fitted.noise is None else sizes[: fitted.noise]
    feature = _baseline_feature(fitted)
    return Measured(sizes, clusters, _bands(fitted, feature), plain_name(feature), windows, skipped)


def metrics_of(fitted: FittedClusters, measured: Measured) -> dict[str, float]:
    """What the manifest holds and a gate may name."""
    chosen, total = fitted.choice.candidate, measured.sizes.sum()
    metrics = {
        "silhouette": chosen.silhouette.value,
        "davies_bouldin": chosen.davies_bouldin,
        "calinski_harabasz": chosen.calinski_harabasz,
        "stability": chosen.stability,
        "segments": float(chosen.k),
        "smallest_share": float(measured.clusters.min() / total),
        "baseline_silhouette": measured.baseline,
    }
    if fitted.noise is not None:
        metrics["noise_share"] = float(measured.sizes[fitted.noise] / total)
    if measured.windows:
        metrics["window_agreement"] = min(window.agreement for window in measured.windows)
    return metrics


def _windows(fitted: FittedClusters) -> tuple[list[Window], list[str]]:
    """Each earlier instant that carries as many clusters, and a sentence for each that does not."""
    definition, section = fitted.definition, fitted.section
    today = Today(fitted.rows.train.values, fitted.today.segment_indexes, fitted.keys, fitted.noise)

    def again(values: Floats) -> tuple[FittedSteps, Clusters]:
        preparation = fit_preparation(definition, fitted.rows.schema, values)
        algorithm = cluster_algorithm(section)
        rows = preparation.training
        return preparation, algorithm.fit(rows, section, count=fitted.asked, seed=definition.seed)

    compared, skipped = [], []
    for earlier in fitted.rows.earlier:
        try:
            compared.append(compare_window(earlier, today, again, definition.seed))
        except InputInvalid as error:
            skipped.append(f"{format_instant(earlier.as_of_us)[:10]} was not compared: {error}.")
    return compared, skipped


def _baseline_feature(fitted: FittedClusters) -> str:
    """What was spent in the longest window; without such an axis the first one's last feature."""
    axis = fitted.section.axes.get("monetary") or next(iter(fitted.section.axes.values()))
    return axis.features[-1]


def _bands(fitted: FittedClusters, feature: str) -> float:
    """The baseline: as many equal bands of one feature, of the users and in the space the clusters are judged in."""
    column = fitted.rows.train.values[:, fitted.rows.schema.keys.index(feature)]
    inside = fitted.found.labels != fitted.found.noise  # all of them where there is no noise
    values = np.nan_to_num(column[fitted.preparation.kept][inside])
    bands = values.argsort(kind="stable").argsort(kind="stable") * fitted.choice.candidate.k // len(values)
    size = min(SILHOUETTE_ROWS, len(values))
    space = fitted.preparation.training[inside]
    return float(silhouette_score(space, bands, sample_size=size, random_state=fitted.definition.seed))
