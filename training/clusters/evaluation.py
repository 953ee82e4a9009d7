"""What evaluation.json and the page say of clusters. docs/segmenters.md lists the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import silhouette_score

from strata.clock import format_instant
from strata.errors import InputInvalid
from training.algorithms import cluster_algorithm
from training.algorithms.port import Clusters
from training.clusters.cards import BORDER_SCORE, tell_traits, write_card
from training.clusters.criteria import SILHOUETTE_ROWS
from training.clusters.profile import level_table, median_table
from training.clusters.spread import principal_map
from training.clusters.telling import Difference, what_tells
from training.clusters.windows import Today, Window, compare_window
from training.prepare.fit import fit_preparation
from training.prepare.fitted_steps import FittedSteps
from training.rows import Evaluation, Floats

if TYPE_CHECKING:
    from training.clusters.fitted import FittedClusters

# Of what tells a segment apart, so many features are told.
TOLD = 8


def evaluate_clusters(fitted: FittedClusters) -> Evaluation:
    """Metrics for the manifest, details for the page, sentences for its first screen."""
    labels, preparation = fitted.today.segment_indexes, fitted.preparation
    sizes = np.bincount(labels, minlength=len(fitted.names))
    windows, skipped = _windows(fitted)
    baseline = _spend_bands(fitted)
    telling = what_tells(
        fitted.rows.train.values, labels, fitted.rows.schema.keys, len(fitted.names), fitted.definition.seed
    )
    details = {
        "kind": "clusters",
        "algorithm": fitted.section.kind,
        "rows": len(labels),
        "preparation": preparation.record,
        "candidates": [one.to_json() for one in fitted.candidates],
        "chosen_by": list(fitted.choice.chosen_by),
        "sizes": dict(zip(fitted.keys, sizes.tolist(), strict=True)),
        "noise": None if fitted.noise is None else fitted.keys[fitted.noise],
        "profile": median_table(fitted.rows.train.values, labels, fitted.rows.schema.keys, fitted.keys),
        "axes": level_table(fitted.levels, labels, list(fitted.section.axes), fitted.keys),
        "map": principal_map(preparation.training, labels[preparation.kept], fitted.definition.seed),
        "telling": {
            key: [one.to_json() for one in told[:TOLD]] for key, told in zip(fitted.keys, telling, strict=True)
        },
        "cards": _cards(fitted, sizes, telling),
        "windows": [window.to_json() for window in windows],
        "notes": [*fitted.notes, *skipped],
    }
    return Evaluation(_metrics(fitted, sizes, baseline, windows), details, _headline(fitted, sizes, baseline, windows))


def _metrics(
    fitted: FittedClusters, sizes: NDArray[np.intp], baseline: float, windows: list[Window]
) -> dict[str, float]:
    chosen = fitted.choice.candidate
    metrics = {
        "silhouette": chosen.silhouette.value,
        "davies_bouldin": chosen.davies_bouldin,
        "calinski_harabasz": chosen.calinski_harabasz,
        "stability": chosen.stability,
        "segments": float(chosen.k),
        "smallest_share": float(_of_clusters(fitted, sizes).min() / sizes.sum()),
        "baseline_silhouette": baseline,
    }
    if fitted.noise is not None:
        metrics["noise_share"] = float(sizes[fitted.noise] / sizes.sum())
    if windows:
        metrics["window_agreement"] = min(window.agreement for window in windows)
    return metrics


def _headline(
    fitted: FittedClusters, sizes: NDArray[np.intp], baseline: float, windows: list[Window]
) -> list[str]:  # fmt: skip
    chosen, total, clusters = fitted.choice.candidate, sizes.sum(), _of_clusters(fitted, sizes)
    largest = fitted.names[int(clusters.argmax())]
    sentences = [
        f"{total:,} users fall into {chosen.k} segments; the largest is {largest.label.lower()!r} with "
        f"{clusters.max() / total:.0%}, the smallest has {clusters.min() / total:.0%}.",
        f"Refitted on resampled users, {chosen.stability:.0%} agreement beyond chance (adjusted Rand index): "
        f"{_stability_word(chosen.stability)}",
        f"Separation (silhouette) {chosen.silhouette.value:.2f} ({chosen.silhouette.low:.2f} to "
        f"{chosen.silhouette.high:.2f}); cutting users into as many bands by spend alone gives {baseline:.2f}.",
    ]
    if fitted.noise is not None:
        sentences.append(
            f"{sizes[fitted.noise] / total:.0%} belong to no group: {fitted.names[fitted.noise].label.lower()!r}."
        )
    if windows:
        worst = min(windows, key=lambda window: window.agreement)
        sentences.append(
            f"Found again at {len(windows)} earlier instants, the segments agree at least {worst.agreement:.0%} beyond "
            f"chance on the same users ({format_instant(worst.as_of_us)[:10]})."
        )
    return sentences


def _stability_word(stability: float) -> str:
    if stability >= 0.7:
        return "a user's segment is a property of the user, not of the sample."
    return "where a user falls depends on the sample; read single assignments with care."


def _of_clusters(fitted: FittedClusters, sizes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Noise is the last in the vocabulary and no cluster."""
    return sizes if fitted.noise is None else sizes[: fitted.noise]


def _cards(
    fitted: FittedClusters, sizes: NDArray[np.intp], telling: list[list[Difference]]
) -> dict[str, str]:  # fmt: skip
    labels, scores = fitted.today.segment_indexes, fitted.today.scores
    margin = fitted.found.score_meaning == "margin"
    cards = {}
    for index, name in enumerate(fitted.names):
        theirs = scores[labels == index]
        near = float((theirs < BORDER_SCORE).mean()) if margin and theirs.size and index != fitted.noise else None
        traits = tell_traits(telling[index], fitted.section.axes)
        cards[name.key] = write_card(name, int(sizes[index]), int(sizes.sum()), traits, border_share=near)
    return cards


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


def _spend_bands(fitted: FittedClusters) -> float:
    """The baseline: as many equal bands of the longest-window spend, judged in the same space."""
    axis = fitted.section.axes.get("monetary") or next(iter(fitted.section.axes.values()))
    column = fitted.rows.train.values[:, fitted.rows.schema.keys.index(axis.features[-1])]
    spend = np.nan_to_num(column[fitted.preparation.kept])
    bands = spend.argsort(kind="stable").argsort(kind="stable") * fitted.choice.candidate.k // len(spend)
    size = min(SILHOUETTE_ROWS, len(spend))
    return float(
        silhouette_score(fitted.preparation.training, bands, sample_size=size, random_state=fitted.definition.seed)
    )
