"""Which rows are learned from and which are judged, several times over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strata.clock import format_instant
from strata.errors import InputInvalid
from training.algorithms.port import Labels

Indexes = NDArray[np.intp]
"""Positions of rows, ascending."""


@dataclass(frozen=True)
class Fold:
    """One pair of parts without a row in common."""

    train: Indexes
    test: Indexes


@dataclass(frozen=True)
class NestedFold(Fold):
    """`inner` folds lie inside `train`: what is tuned on them has never seen `test`."""

    inner: tuple[Fold, ...] = ()


def stratified_folds(labels: Labels, count: int, seed: int = 0) -> list[Fold]:
    """k folds of nearly equal size, each with its share of every class, rows dealt in a seeded order.

    Raises InputInvalid when a class has fewer rows than folds.
    """
    return grouped_folds(np.arange(len(labels)), labels, count, seed)


def grouped_folds(groups: NDArray[Any], labels: Labels, count: int, seed: int = 0) -> list[Fold]:
    """k folds in which every group (a user) is on one side, classes balanced as far as groups allow.

    Groups are dealt from the largest down, equal ones in a seeded order, to the fold that most lacks their classes;
    scikit-learn's StratifiedGroupKFold does so too. Raises InputInvalid when a class lies in fewer groups than folds.
    """
    names, of_row = np.unique(groups, return_inverse=True)
    classes = int(labels.max(initial=0)) + 1
    table = np.zeros((len(names), classes))
    np.add.at(table, (of_row, labels), 1.0)
    _require_groups(table, count)
    fold_of_group = _deal(table, count, np.random.default_rng(seed))
    return [_fold(fold_of_group[of_row] == one) for one in range(count)]


def time_folds(times_us: NDArray[np.int64], horizon_us: int, count: int, gap_us: int = 0) -> list[Fold]:
    """Forward in time: the label instants that have something before them, in `count` spans, each judged once.

    A row's label looks at (t, t + horizon]. A row is learned from only when its window, and a gap, ended before the
    first instant judged (purging and embargo of Lopez de Prado 2018), so no label window overlaps. Raises
    InputInvalid when that leaves a fold nothing to learn from.
    """
    instants = np.unique(times_us)
    usable = instants[instants >= instants[0] + horizon_us + gap_us]
    if len(usable) < count:
        raise InputInvalid(
            f"{len(usable)} of {len(instants)} label dates lie a whole label window after the first "
            f"({format_instant(int(instants[0]))}); {count} folds in time need as many: "
            "lower the folds, or import a longer history"
        )
    spans = np.array_split(usable, count)
    return [_forward(times_us, span, horizon_us + gap_us) for span in spans]


def nested(outer: list[Fold], split: Callable[[Indexes], list[Fold]]) -> list[NestedFold]:
    """Inner folds of each outer one. `split` is given the outer training rows and answers in positions among them.

    The inner folds come back as positions among all rows.
    """
    return [
        NestedFold(one.train, one.test, tuple(Fold(one.train[i.train], one.train[i.test]) for i in split(one.train)))
        for one in outer
    ]


def _require_groups(table: NDArray[np.float64], count: int) -> None:
    holding = (table > 0).sum(axis=0)
    short = [one for one in np.flatnonzero(table.sum(axis=0)) if holding[one] < count]
    if short:
        raise InputInvalid(
            f"class {short[0]} is found in {holding[short[0]]} groups only; {count} folds need as many: "
            "lower the folds, or import a longer history"
        )


def _deal(table: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """[groups] the fold of each; `table` [groups, classes] counts rows.

    Groups with the same counts are interchangeable, so they are dealt out together, the first of them to the fold
    that lacks their classes most.
    """
    patterns, pattern_of = np.unique(table, axis=0, return_inverse=True)
    shares = patterns / np.maximum(table.sum(axis=0), 1)
    held = np.zeros((count, table.shape[1]))
    chosen = np.empty(len(table), dtype=np.intp)
    for pattern in np.argsort(-patterns.sum(axis=1), kind="stable"):
        members = rng.permutation(np.flatnonzero(pattern_of == pattern))
        turns = np.argsort(held @ shares[pattern] + 1e-9 * held.sum(axis=1), kind="stable")
        folds = turns[np.arange(len(members)) % count]
        chosen[members] = folds
        held += np.bincount(folds, minlength=count)[:, None] * shares[pattern]
    return chosen


def _fold(judged: NDArray[np.bool_]) -> Fold:
    return Fold(np.flatnonzero(~judged), np.flatnonzero(judged))


def _forward(times_us: NDArray[np.int64], span: NDArray[np.int64], reach_us: int) -> Fold:
    return Fold(np.flatnonzero(times_us + reach_us <= span[0]), np.flatnonzero(np.isin(times_us, span)))
