"""From a category to numbers, as tables a package carries: a row per category, one for missing, one for unseen."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.algorithms.port import Labels
from training.rows import Floats

SMOOTHING: Final = 20.0
"""How many rows of the average customer a category's own rows are put beside (Micci-Barreca 2001): fewer rows than
that say less about a category than everybody's do."""


@dataclass(frozen=True)
class Encoding:
    """[categories, m], [m] and [m]: what `strata.runtime.prepare.Table` reads."""

    rows: Floats
    missing: Floats
    other: Floats
    """Of a category no training row had. Online it comes with the next customer."""


def one_hot(categories: int, seen: Sequence[int]) -> Encoding:
    """A column for each category that was seen; missing and unseen ones have 0 in all of them."""
    rows = np.zeros((categories, len(seen)))
    rows[list(seen), np.arange(len(seen))] = 1.0
    return Encoding(rows, np.zeros(len(seen)), np.zeros(len(seen)))


def hashed(categories: Sequence[str], buckets: int) -> NDArray[np.intp]:
    """The bucket of each category, by its text alone: the same in every process and whatever else is in the list.

    >>> hashed(["gold", "silver"], 8).tolist()
    [0, 7]
    """
    digests = [hashlib.blake2b(text.encode(), digest_size=8).digest() for text in categories]
    return np.array([int.from_bytes(each, "big") % buckets for each in digests], dtype=np.intp)


def target(column: Floats, labels: Labels, categories: int, classes: int) -> Encoding:
    """The share of positives among a category's rows (of each class, where there are more than two), drawn towards
    everybody's: `(positives + 20 * share of all) / (rows + 20)`. A category without rows has everybody's.
    """
    hits, everyone = _hits(labels, classes)
    return _shares(column, hits, categories, everyone)


def target_out_of_fold(
    column: Floats, labels: Labels, categories: int, classes: int, folds: NDArray[np.intp]
) -> Floats:
    """[n, m]: each row by the table of the other folds' rows. By a table its own label is in, a rare category would
    tell the label: a model learns to trust that, and finds nothing of it online.

    What shares are drawn towards is everybody's in each fold, its own rows' too: it is one number for all rows and
    tells nothing of any, while the other folds' would be the lower, the more positives a row's own fold has.
    """
    hits, everyone = _hits(labels, classes)
    out = np.empty((len(column), hits.shape[1]))
    for fold in np.unique(folds):
        others = folds != fold
        found = _shares(column[others], hits[others], categories, everyone)
        stacked = np.vstack([found.rows, found.missing])
        inside = column[~others]
        out[~others] = stacked[np.where(np.isnan(inside), categories, inside).astype(np.intp)]
    return out


def _hits(labels: Labels, classes: int) -> tuple[Floats, Floats]:
    """[n, m] 1 where a row is of the column's class, and the means."""
    wanted = np.array([1]) if classes == 2 else np.arange(classes)
    hits = (labels[:, None] == wanted).astype(np.float64)
    return hits, hits.mean(axis=0)


def _shares(column: Floats, hits: Floats, categories: int, everyone: Floats) -> Encoding:
    position = np.where(np.isnan(column), categories, column).astype(np.intp)
    rows = np.bincount(position, minlength=categories + 1)[:, None]
    sums = np.column_stack([np.bincount(position, weights=each, minlength=categories + 1) for each in hits.T])
    shares = (sums + SMOOTHING * everyone) / (rows + SMOOTHING)
    return Encoding(shares[:-1], shares[-1], everyone)
