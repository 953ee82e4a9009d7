"""Features made of features: RFM scores, an engagement score, a propensity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from training.algorithms.port import Labels
from training.prepare.scales import spread_of
from training.rows import Floats

_REGULARISATION: Final = 1.0
"""scikit-learn's `C`, on columns of mean 0 and deviation 1."""


def score_bins(column: Floats, bins: int, *, reversed_: bool) -> tuple[Floats, Floats]:
    """Edges at the quantiles, ascending, and a score 1..bins for each span between them; `reversed_`: low is best.

    Equal values have equal scores, the score of the lowest of them: of 5 bins and half of the users at 0, these have 1
    and nobody 2 (or 5 and nobody 4, where low is best).

    >>> edges, scores = score_bins(np.array([0.0, 0.0, 0.0, 1.0, 9.0]), 5, reversed_=False)
    >>> edges.tolist(), scores.tolist()
    ([0.0, 1.0], [1.0, 4.0, 5.0])
    """
    # Values of the column itself: one between two of them could miss an equal value by a rounding.
    cuts = np.quantile(column, np.arange(1, bins) / bins, method="inverted_cdf")
    edges = np.unique(cuts)
    # A value just above edge e has passed every cut that is at most e.
    passed = np.concatenate([[0], np.searchsorted(cuts, edges, side="right")])
    scores = passed + 1.0
    return edges, bins + 1.0 - scores if reversed_ else scores


@dataclass(frozen=True)
class Logistic:
    """Log-odds: `intercept + weights @ columns`."""

    weights: tuple[float, ...]
    intercept: float


def fit_logistic(columns: Floats, labels: Labels) -> Logistic:
    """[n, k] filled columns. With one class alone, its rate as it is: drawn a row towards one half, to be finite."""
    if len(np.unique(labels)) < 2:
        share = (float(labels.sum()) + 0.5) / (len(labels) + 1.0)
        return Logistic((0.0,) * columns.shape[1], float(np.log(share / (1.0 - share))))
    means = columns.mean(axis=0)
    spreads = np.array([spread_of(column) for column in columns.T])
    found = LogisticRegression(C=_REGULARISATION, max_iter=1_000).fit((columns - means) / spreads, labels)
    weights = found.coef_[0] / spreads
    return Logistic(tuple(weights.tolist()), float(found.intercept_[0] - weights @ means))


def logistic_out_of_fold(columns: Floats, labels: Labels, folds: NDArray[np.intp]) -> Floats:
    """[n] probabilities, each row's by the other folds' rows: online nobody's own label is known either."""
    out = np.empty(len(columns))
    for fold in np.unique(folds):
        inside = folds == fold
        found = fit_logistic(columns[~inside], labels[~inside])
        log_odds = np.clip(columns[inside] @ np.array(found.weights) + found.intercept, -60.0, 60.0)
        out[inside] = 1.0 / (1.0 + np.exp(-log_odds))
    return out
