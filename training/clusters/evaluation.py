"""What evaluation.json and the page say of clusters. docs/segmenters.md lists the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from training.clusters.cards import BORDER_SCORE, tell_traits, write_card
from training.clusters.headline import headline
from training.clusters.measured import Measured, measure, metrics_of
from training.clusters.profile import level_table, median_table
from training.clusters.spread import principal_map
from training.clusters.telling import Difference, what_tells
from training.rows import Evaluation

if TYPE_CHECKING:
    from training.clusters.fitted import FittedClusters

# Of what tells a segment apart, so many features are told.
TOLD: Final = 8


def evaluate_clusters(fitted: FittedClusters) -> Evaluation:
    """Metrics for the manifest, details for the page, sentences for its first screen."""
    labels, preparation = fitted.today.segment_indexes, fitted.preparation
    measured = measure(fitted)
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
        "sizes": dict(zip(fitted.keys, measured.sizes.tolist(), strict=True)),
        "noise": None if fitted.noise is None else fitted.keys[fitted.noise],
        "profile": median_table(fitted.rows.train.values, labels, fitted.rows.schema.keys, fitted.keys),
        "axes": level_table(fitted.levels, labels, list(fitted.section.axes), fitted.keys),
        "map": principal_map(preparation.training, labels[preparation.kept], fitted.definition.seed),
        "telling": {
            key: [one.to_json() for one in told[:TOLD]] for key, told in zip(fitted.keys, telling, strict=True)
        },
        "cards": _cards(fitted, measured, telling),
        "windows": [window.to_json() for window in measured.windows],
        "notes": [*fitted.notes, *measured.skipped],
    }
    return Evaluation(metrics_of(fitted, measured), details, headline(fitted, measured))


def _cards(fitted: FittedClusters, measured: Measured, telling: list[list[Difference]]) -> dict[str, str]:
    labels, scores = fitted.today.segment_indexes, fitted.today.scores
    margin = fitted.found.score_meaning == "margin"
    cards = {}
    for index, name in enumerate(fitted.names):
        theirs = scores[labels == index]
        near = float((theirs < BORDER_SCORE).mean()) if margin and theirs.size and index != fitted.noise else None
        traits = tell_traits(telling[index], fitted.section.axes)
        cards[name.key] = write_card(
            name, int(measured.sizes[index]), int(measured.sizes.sum()), traits, border_share=near
        )
    return cards
