"""Algorithms: one `fit` each, from rows to a fitted segmenter that can export itself."""

from __future__ import annotations

from training.definition import Definition
from training.rows import Fitted, TrainingRows


def fit(definition: Definition, rows: TrainingRows) -> Fitted:
    """Train what the definition declares. Deterministic: same rows and definition, same result."""
    if definition.algorithm.kind == "kmeans":
        from training.algorithms.kmeans import fit_kmeans

        return fit_kmeans(definition, definition.algorithm, rows)
    from training.algorithms.boosting import fit_boosting

    return fit_boosting(definition, definition.algorithm, rows)
