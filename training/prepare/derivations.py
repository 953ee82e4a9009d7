"""A derived feature's prepared columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strata.runtime.prepare import Bins, Knots, Weighted
from training.definition import Derived, Engagement, Propensity, RfmScores
from training.prepare.derived import fit_logistic, logistic_out_of_fold, score_bins
from training.prepare.learning import Column, Learning
from training.prepare.quantities import scaled
from training.prepare.scales import fit_ranks
from training.rows import Floats


def derived_columns(learning: Learning, derived: Derived, name: str) -> list[Column]:
    """In the declared scale, as other quantities are."""
    if isinstance(derived, RfmScores):
        found = _rfm_scores(learning, derived, name)
    elif isinstance(derived, Engagement):
        found = [(_engagement(learning, derived), name)]
    else:
        found = [(_propensity(learning, derived), name)]
    return [Column(scaled(learning, slot), label) for slot, label in found]


def _rfm_scores(learning: Learning, derived: RfmScores, name: str) -> list[tuple[int, str]]:
    """A value that is missing has the worst score there is: nothing was ever bought."""
    parts = {"recency": derived.recency, "frequency": derived.frequency, "monetary": derived.monetary}
    slots = []
    for part, key in parts.items():
        low_is_best = part == "recency"
        filled = _filled_with_worst(learning, key, low_is_best=low_is_best)
        edges, scores = score_bins(learning.built.columns[filled], derived.bins, reversed_=low_is_best)
        slots.append(learning.built.add(Bins(filled, edges, scores)))
    third = 1.0 / len(slots)
    mean = learning.built.add(Weighted(tuple(slots), (third,) * len(slots), 0.0))
    return list(zip([*slots, mean], [*(f"{name}.{part}" for part in parts), f"{name}.mean"], strict=True))


def _engagement(learning: Learning, derived: Engagement) -> int:
    """A negative weight counts the rank from above: there little is good. What is missing is at the bad end."""
    slots = []
    for key, weight in derived.weights.items():
        filled = _filled_with_worst(learning, key, low_is_best=weight < 0)
        knots, ranks = fit_ranks(learning.built.columns[filled], learning.quantiles)
        slots.append(learning.built.add(Knots(filled, knots, ranks if weight >= 0 else 1.0 - ranks)))
    total = sum(abs(weight) for weight in derived.weights.values())
    return learning.built.add(Weighted(tuple(slots), tuple(abs(w) / total for w in derived.weights.values()), 0.0))


def _propensity(learning: Learning, derived: Propensity) -> int:
    labels = learning.known_labels("a propensity")
    slots = [learning.filled(learning.position(key)) for key in derived.features]
    columns = _stacked(learning, slots)
    found = fit_logistic(columns, labels)
    outside = logistic_out_of_fold(columns, labels, learning.folds)
    return learning.built.add(Weighted(tuple(slots), found.weights, found.intercept, "logistic"), [outside])


def _filled_with_worst(learning: Learning, key: str, *, low_is_best: bool) -> int:
    i = learning.position(key)
    column = learning.built.columns[learning.guarded(i, finite=True)]
    present = column[~np.isnan(column)]
    worst = 0.0 if not present.size else float(present.max() if low_is_best else present.min())
    return learning.filled(i, worst)


def _stacked(learning: Learning, slots: Sequence[int]) -> Floats:
    return np.column_stack([learning.built.columns[slot] for slot in slots])
