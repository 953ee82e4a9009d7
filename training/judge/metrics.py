"""Figures of scores against labels as statistics of row weights, so that a bootstrap sorts once.

Scores are [n] for labels 0/1, or [n, classes] of probabilities for labels that are positions. Held to scikit-learn's
by tests, weights and ties included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputInvalid
from training.algorithms.port import Labels
from training.judge.intervals import Statistic
from training.rows import Floats

Metric = Callable[[Labels, Floats], Statistic]

# What a probability is kept from 0 and 1 by in a logarithm: scikit-learn's log_loss does so by the float's epsilon.
_EPSILON: Final = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Ranked:
    """Rows from the highest score down, equal scores as one step, as in scikit-learn."""

    order: NDArray[np.intp]
    starts: NDArray[np.intp]
    positive: Floats

    @classmethod
    def of(cls, labels: Labels, scores: Floats) -> Ranked:
        order = np.argsort(-scores, kind="stable")
        ranked = scores[order]
        starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
        return cls(order, starts, labels[order].astype(np.float64))

    def steps(self, weights: Floats) -> tuple[Floats, Floats]:
        """Weighted positives and negatives at each step, [b, steps] each."""
        ranked = weights[:, self.order]
        hits = ranked * self.positive
        if len(self.starts) == len(self.order):
            return hits, ranked - hits
        positives: Floats = np.add.reduceat(hits, self.starts, axis=1)
        negatives: Floats = np.add.reduceat(ranked, self.starts, axis=1) - positives
        return positives, negatives


def area_under_roc(positives: Floats, negatives: Floats) -> Floats:
    """[b]: the probability that a positive outranks a negative, ties half."""
    hits = positives.cumsum(axis=1)
    pairs = hits[:, -1] * negatives.sum(axis=1)
    return _ratio(np.einsum("ij,ij->i", negatives, hits - positives / 2), pairs)


def mean_precision(positives: Floats, negatives: Floats) -> Floats:
    """[b]: mean precision over the positives, each at its own rank."""
    hits = positives.cumsum(axis=1)
    taken = (positives + negatives).cumsum(axis=1)
    return _ratio(np.einsum("ij,ij->i", positives, hits / np.maximum(taken, 1)), hits[:, -1])


def metric(name: str, labels: Labels, scores: Floats) -> Statistic:
    """The statistic of a metric's name. Raises InputInvalid for one that is none."""
    if name not in METRICS:
        raise InputInvalid(f"{name} is no metric of scores; there are {', '.join(sorted(METRICS))}")
    return METRICS[name](labels, scores)


def roc_auc(labels: Labels, scores: Floats) -> Statistic:
    """Area under the ROC curve; of more classes the mean over classes, each against the rest."""
    return _by_class(labels, scores, area_under_roc)


def average_precision(labels: Labels, scores: Floats) -> Statistic:
    """Area under the precision-recall steps; of more classes the mean over classes, each against the rest."""
    return _by_class(labels, scores, mean_precision)


def accuracy(labels: Labels, scores: Floats) -> Statistic:
    """Share of rows whose likeliest class is theirs."""
    return _mean(predicted(scores) == labels)


def brier(labels: Labels, scores: Floats) -> Statistic:
    """Mean squared distance of probabilities (Brier 1950); of more classes summed over them."""
    if scores.ndim == 1:
        return _mean((scores - labels) ** 2)
    return _mean(((scores - np.eye(scores.shape[1])[labels]) ** 2).sum(axis=1))


def log_loss(labels: Labels, scores: Floats) -> Statistic:
    """Mean negative logarithm of the probability of what came true."""
    both = np.stack([1 - scores, scores], axis=1) if scores.ndim == 1 else scores
    own = both[np.arange(len(labels)), labels]
    return _mean(-np.log(np.clip(own, _EPSILON, 1 - _EPSILON)))


def macro_f1(labels: Labels, scores: Floats) -> Statistic:
    """Mean over classes of the harmonic mean of precision and recall; 0 for a class never rightly predicted."""
    classes = np.arange(2 if scores.ndim == 1 else scores.shape[1])
    own, given = labels[:, None] == classes, predicted(scores)[:, None] == classes

    def statistic(weights: Floats) -> Floats:
        right, sizes = weights @ (own & given), weights @ own + weights @ given
        present = np.maximum((sizes > 0).sum(axis=1), 1)
        shares: Floats = np.where(sizes > 0, 2 * right / np.maximum(sizes, 1e-300), 0.0).sum(axis=1) / present
        return shares

    return statistic


def predicted(scores: Floats) -> NDArray[np.intp]:
    """The likeliest class, [n]; of two, 1 from a probability of one half."""
    return (scores >= 0.5).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)


METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        "accuracy": accuracy,
        "average_precision": average_precision,
        "brier": brier,
        "log_loss": log_loss,
        "macro_f1": macro_f1,
        "roc_auc": roc_auc,
    }
)

LOWER_IS_BETTER: Final = frozenset({"brier", "log_loss"})


def _by_class(labels: Labels, scores: Floats, area: Callable[[Floats, Floats], Floats]) -> Statistic:
    if scores.ndim == 1:
        ranked = Ranked.of(labels, scores)
        return lambda weights: area(*ranked.steps(weights))
    each = [Ranked.of((labels == one).astype(np.int8), scores[:, one]) for one in range(scores.shape[1])]
    return lambda weights: np.mean([area(*one.steps(weights)) for one in each], axis=0)


def _mean(rows: NDArray[np.generic]) -> Statistic:
    # einsum and not a matrix product: threads of a BLAS would move the last bit, and a package's version with it.
    values = rows.astype(np.float64)
    return lambda weights: _ratio(np.einsum("ij,j->i", weights, values), weights.sum(axis=1))


def _ratio(above: Floats, below: Floats) -> Floats:
    """NaN where there is nothing to divide by."""
    ratio = np.full(len(above), np.nan)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio
