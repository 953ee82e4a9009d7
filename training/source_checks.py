"""Checks for leaks of what rows are read from, made while they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from training.dated_kinds import dated_kinds
from training.definition import Definition
from training.history import History
from training.judge.leaks.check import Check
from training.judge.leaks.dates import dates_check
from training.judge.leaks.recomputed import AskedRows, Read, recomputed_check
from training.labels.schedule import Schedule
from training.reader import FeatureReader, RestrictableReader
from training.rows import FeatureSchema


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


def _recomputed(reader: RestrictableReader, schema: FeatureSchema, rows: AskedRows, seed: int) -> Check:
    def read_from(source: FeatureReader) -> Read:
        return lambda users, times_us: source.matrix(schema.service, users, times_us)

    @contextmanager
    def known_by(instant_us: int, users: Sequence[str]) -> Iterator[Read]:
        with reader.known_by(instant_us, users) as restricted:
            yield read_from(restricted)

    return recomputed_check(read_from(reader), known_by, schema.keys, rows, seed)
