"""Folds of the rows a supervised segmenter may be chosen on: never those it is tested on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputInvalid
from strata.events import DAY_US
from training.definition import Definition
from training.judge.folds import Fold, grouped_folds, stratified_folds, time_folds
from training.rows import Part, TrainingRows

_FEWEST = 2


class RowFolds(NamedTuple):
    """Folds, and how they were laid."""

    kind: Literal["stratified", "grouped", "time"]
    folds: list[Fold]


def seen_rows(rows: TrainingRows) -> Part:
    """Training rows, then validation rows."""
    parts = [part for part in (rows.train, rows.validation) if part is not None]

    def joined(name: str) -> NDArray[Any] | None:
        arrays = [getattr(part, name) for part in parts]
        return None if any(array is None for array in arrays) else np.concatenate(arrays)

    values, labels = (np.concatenate([getattr(part, name) for part in parts]) for name in ("values", "labels"))
    return Part(values, labels, joined("users"), joined("times_us"))


def fewer_rows(rows: TrainingRows, most: int, seed: int) -> tuple[TrainingRows, list[str]]:
    """About `most` of the training and validation rows where there are more, users whole, and then a sentence of it."""
    seen = seen_rows(rows)
    count = len(seen.labels)
    if count <= most:
        return rows, []
    names, who = np.unique(np.arange(count) if seen.users is None else seen.users, return_inverse=True)
    kept = (np.random.default_rng(seed).random(len(names)) < most / count)[who]
    train, validation = kept[: len(rows.train.labels)], kept[len(rows.train.labels) :]
    fewer = replace(
        rows, train=rows.train.chosen(train),
        validation=None if rows.validation is None else rows.validation.chosen(validation),
    )  # fmt: skip
    note = f"Folds and the learning curve were made on {int(kept.sum()):,} of {count:,} rows, users whole, at random."
    return fewer, [note]


def row_folds(definition: Definition, part: Part, most: int) -> RowFolds:
    """In time where rows have label instants, else by user where they have users, else at random.

    In time, label windows of a fold's training rows end before its first judged instant: as many folds as there are
    such instants, at most `most`. Raises InputInvalid where that leaves fewer than two.
    """
    if part.times_us is None:
        if part.users is None:
            return RowFolds("stratified", stratified_folds(part.labels, most, definition.seed))
        return RowFolds("grouped", grouped_folds(part.users, part.labels, most, definition.seed))
    assert definition.label is not None
    horizon_us = definition.label.horizon_days * DAY_US
    instants = np.unique(part.times_us)
    usable = int((instants >= instants[0] + horizon_us).sum())
    if usable < _FEWEST:
        raise InputInvalid(
            f"{usable} of {len(instants)} label dates lie a whole label window after the first; folds in time need "
            f"{_FEWEST}: raise split.train_dates, or shorten label.horizon_days"
        )
    return RowFolds("time", time_folds(part.times_us, horizon_us, min(most, usable)))
