"""Which checks for leaks a training goes through: of its sources as they are read, of its rows as they are judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputInvalid
from strata.events import DAY_US
from training.dated_kinds import dated_kinds
from training.definition import Definition
from training.history import History
from training.judge.leaks.alarms import lag_check, lagged_rows, separation_check
from training.judge.leaks.check import Check
from training.judge.leaks.dates import dates_check
from training.judge.leaks.parts import ACROSS_FOLDS, users_check, windows_check
from training.judge.leaks.recomputed import AskedRows, Read, recomputed_check
from training.labels.row_folds import RowFolds, row_folds, seen_rows
from training.labels.schedule import Schedule
from training.reader import FeatureReader, RestrictableReader
from training.rows import FeatureSchema, Floats, Part, TrainingRows


def source_checks(
    definition: Definition, schema: FeatureSchema, reader: FeatureReader, history: History, plan: Schedule
) -> tuple[Check, ...]:
    """Of the history and of the features at the first and the last label date."""
    dates = dates_check(dated_kinds(history.folder))
    if not isinstance(reader, RestrictableReader):
        return (dates,)
    instants = [plan.train[0], plan.test[-1]]
    users = [history.known_users(at) for at in instants]
    rows = AskedRows(
        np.array([user for some in users for user in some]),
        np.repeat(np.array(instants, dtype=np.int64), [len(some) for some in users]),
    )
    return (dates, _recomputed(reader, schema, rows, definition.seed))


def row_checks(definition: Definition, rows: TrainingRows) -> list[Check]:
    """Of parts, folds, and single features. The rows that are tested on are asked when they are, and nothing else."""
    seen = seen_rows(rows)
    out = [separation_check(seen.values, seen.labels, rows.schema.keys)]
    if seen.times_us is not None and definition.label is not None:
        horizon_us = definition.label.horizon_days * DAY_US
        out += [_windows(rows, horizon_us), *_lagged(seen, horizon_us, rows.schema.keys)]
    try:
        laid = row_folds(definition, seen, definition.judge.folds)
    except InputInvalid:
        return out
    return out + _folds(definition, seen, laid)


def _recomputed(reader: RestrictableReader, schema: FeatureSchema, rows: AskedRows, seed: int) -> Check:
    def read_from(source: FeatureReader) -> Read:
        return lambda users, times_us: source.matrix(schema.service, users, times_us)

    @contextmanager
    def known_by(instant_us: int, users: Sequence[str]) -> Iterator[Read]:
        with reader.known_by(instant_us, users) as restricted:
            yield read_from(restricted)

    return recomputed_check(read_from(reader), known_by, schema.keys, rows, seed)


def _windows(rows: TrainingRows, horizon_us: int) -> Check:
    """The nearer of the two pairs of neighbouring parts decides."""
    assert rows.validation is not None
    assert rows.test is not None
    found = [
        windows_check(_times(a), _times(b), horizon_us, name)
        for a, b, name in ((rows.train, rows.validation, "training and validation"),
                           (rows.validation, rows.test, "validation and test"))
    ]  # fmt: skip
    return min(found, key=lambda check: check.passed)


def _times(part: Part) -> NDArray[np.int64]:
    assert part.times_us is not None
    return part.times_us


def _lagged(seen: Part, horizon_us: int, keys: Sequence[str]) -> list[Check]:
    """Nothing where no user has two label dates a window apart."""
    if seen.users is None:
        return []
    now, then = lagged_rows(seen.users, _times(seen), horizon_us)
    if not len(now):
        return []
    values: Floats = seen.values
    return [lag_check(values[now], values[then], seen.labels[now], keys)]


def _folds(definition: Definition, seen: Part, laid: RowFolds) -> list[Check]:
    if laid.kind == "time":
        assert definition.label is not None
        horizon_us = definition.label.horizon_days * DAY_US
        times = _times(seen)
        found = [
            windows_check(times[fold.train], times[fold.test], horizon_us, "a fold's", ACROSS_FOLDS)
            for fold in laid.folds
        ]
        return [min(found, key=lambda check: check.passed)]
    return [] if seen.users is None else [users_check(laid.folds, seen.users)]
