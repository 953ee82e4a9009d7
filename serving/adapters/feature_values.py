"""From stored rows to what each segmenter reads: for one user with plain numbers, for many with arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from serving.adapters.feature_reading import Reading
from serving.domain.features import NO_WATERMARK, Bools, FeatureRows, Micros, StoredUser, UserRow, feature_rows
from strata.features.reader import NO_TIME
from strata.features.user_row import RowDamaged

Stored = Sequence[Sequence[bytes | None]]
"""Per table, a row per user."""
_NEWER_THAN_ANY: Final = np.iinfo(np.int64).max


class LayoutUnknownError(Exception):
    """A row is of another layout than the reading was compiled for."""


def evaluate(found: StoredUser, at_us: int, *, strict: bool) -> list[UserRow]:
    """`read_one` of rows that were found by a reading of ours."""
    assert isinstance(found.reading, Reading)
    return read_one(found.reading, found.rows, found.marks, at_us, strict=strict)


def read_one(
    reading: Reading, own_rows: Sequence[bytes | None], marks: Sequence[int], at_us: int, *, strict: bool = False
) -> list[UserRow]:
    """What each segmenter reads of one user, given the row of each table. `marks`: how far each table has got.

    A row of another layout is none, or when `strict` raises LayoutUnknownError.
    """
    damaged = False
    try:
        values, times = reading.reader.one(own_rows, at_us)
    except RowDamaged:
        damaged, own_rows = True, [None] * len(own_rows)
        values, times = reading.reader.one(own_rows, at_us)
    complete = not np.isnan(values).any()
    reached = list(marks)
    for table, own in enumerate(times):
        if not reading.windowed[table]:
            continue
        if own is None:
            if strict and own_rows[table] is not None:
                raise LayoutUnknownError
        elif own[0] > reached[table]:
            reached[table] = own[0]
    rows = []
    for part, tables in reading.slices:
        known = False
        for table in tables:
            if times[table] is not None:
                known = True
                break
        rows.append(UserRow(values[part], known, _oldest([reached[table] for table in tables]), complete, damaged))
    return rows


def read_many(
    reading: Reading, stored: Stored, marks: Sequence[int], at_us: int, *, strict: bool = False
) -> list[FeatureRows]:
    """`read_one` of many users, given a row per user for each table; one damaged row is its own user's trouble."""
    damaged = None
    try:
        found = reading.reader.many(stored, at_us)
    except RowDamaged:
        sound, damaged = _without_damaged(reading, stored, at_us)
        found = reading.reader.many(sound, at_us)
    known = found.newest_us != NO_TIME
    if strict and damaged is None:
        for rows, own, windowed in zip(stored, known, reading.windowed, strict=True):
            if windowed and int(own.sum()) != len(rows) - list(rows).count(None):
                raise LayoutUnknownError
    reached = _reached(reading, found.watermark_us, marks)
    parts = []
    for part in reading.slices:
        tables = list(part.tables)
        oldest = reached[tables].min(axis=0)
        oldest[oldest == _NEWER_THAN_ANY] = NO_WATERMARK
        values = np.ascontiguousarray(found.values[:, part.part])
        parts.append(feature_rows(values, known[tables].any(axis=0), oldest, damaged))
    return parts


def _reached(reading: Reading, own_us: Micros, marks: Sequence[int]) -> Micros:
    """[tables, n]: the newer of what the table and the user's row have got to; the greatest int64 when neither says.

    A fact's row says when the fact was true, not how far the table had got, so row views go by the table alone.
    """
    rows = np.where(np.array(reading.windowed)[:, np.newaxis], own_us, NO_TIME)
    newer: Micros = np.maximum(rows, np.array(marks, dtype=np.int64)[:, np.newaxis])
    newer[newer == NO_TIME] = _NEWER_THAN_ANY
    return newer


def _without_damaged(reading: Reading, stored: Stored, at_us: int) -> tuple[Stored, Bools]:
    """The rows that can be read, and which users had one that cannot."""
    damaged = np.zeros(len(stored[0]), dtype=np.bool_)
    sound = [list(rows) for rows in stored]
    for user in range(len(damaged)):
        try:
            reading.reader.one([rows[user] for rows in stored], at_us)
        except RowDamaged:
            damaged[user] = True
            for rows in sound:
                rows[user] = None
    return sound, damaged


def _oldest(marks: list[int]) -> int:
    """NO_WATERMARK when none says."""
    oldest = min(marks)
    if oldest != NO_TIME:
        return oldest
    return min((mark for mark in marks if mark != NO_TIME), default=NO_WATERMARK)
