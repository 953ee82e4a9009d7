"""Events to tiles, for all users at once: late and repeated events dropped, then one reduction per partial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strata.features.conditions import Conjunction
from strata.features.definition import EVENT
from strata.features.events import EventBatch
from strata.features.functions.partials import Partial, PartialKind
from strata.features.masks import Columns
from strata.features.plan import Plan
from strata.features.row import NEVER, NO_LEAST
from strata.features.tiles import (
    TOTAL_LIMIT,
    IdSet,
    IntArray,
    Tiles,
    check_totals,
    reduce_latest,
    reduce_rows,
    run_starts,
)

BoolArray = npt.NDArray[np.bool_]
IndexArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Sifted:
    """Events fit to be folded, and how many were not."""

    events: EventBatch
    duplicate: int
    late: int


def sift(plan: Plan, events: EventBatch) -> Sifted:
    """Drop late events and repeats of a (user, event id); of repeats, which should be equal, the first stays."""
    in_time = events.recorded_us - events.event_time_us <= plan.lateness_us
    late = len(events) - int(np.count_nonzero(in_time))
    if late:
        events = events.take(np.flatnonzero(in_time))
    if len(events.event_id.words) == len(events):
        return Sifted(events, 0, late)
    key = events.users.codes.astype(np.int64) * (len(events.event_id.words) + 1) + events.event_id.codes
    _, first = np.unique(key, return_index=True)
    duplicate = len(events) - len(first)
    return Sifted(events.take(np.sort(first)) if duplicate else events, duplicate, late)


def collect(plan: Plan, events: EventBatch, log_position: int) -> Iterator[tuple[str, Tiles]]:
    """Each user's state from sifted events, users in byte order. Raises TotalTooLarge."""
    if not len(events):
        return
    users = events.users.compact()
    words = users.words
    ranked = sorted(range(len(words)), key=lambda code: words[code].encode())
    rank = np.empty(len(words), dtype=np.int64)
    rank[ranked] = np.arange(len(words))
    user = rank[users.codes]
    order = np.lexsort((events.event_time_us, user))
    collected = _Collected(plan, events.take(order), user[order], log_position)
    for position, code in enumerate(collected.users):
        yield words[ranked[code]], collected.state(position)


class _Collected:
    """The reductions of sorted events, cut into users on demand."""

    def __init__(self, plan: Plan, events: EventBatch, user: IntArray, log_position: int) -> None:
        self._plan, self._log_position = plan, log_position
        starts = run_starts(user)
        self.users = user[starts]
        self._newest = np.maximum.reduceat(events.event_time_us, starts)
        self._watermark = np.maximum.reduceat(events.recorded_us, starts)
        columns = Columns(events)
        wheres = {partial.where for partial in plan.partials.every}
        matching = np.flatnonzero(np.logical_or.reduce([columns.where(where) for where in wheres]))
        watermark = np.repeat(self._watermark, np.diff(np.append(starts, len(user))))[matching]
        self._tile_rows(events.take(matching), user[matching], watermark)

    def _tile_rows(self, events: EventBatch, user: IntArray, watermark: IntArray) -> None:
        """Reduce the matching events to one row per (user, tile)."""
        plan, partials = self._plan, self._plan.partials
        tile = events.event_time_us // plan.hop_us
        changed = np.ones(len(tile), dtype=np.bool_)
        changed[1:] = (tile[1:] != tile[:-1]) | (user[1:] != user[:-1])
        starts = np.flatnonzero(changed)
        self._tile, self._user_of_row = tile[starts], user[starts]
        reduce = _Reducer(Columns(events), starts, len(tile))
        self._counts = reduce.matrix(np.add, partials.counts, 0)
        self._check(events, partials.totals, reduce)
        self._totals = reduce.matrix(np.add, partials.totals, 0)
        self._leasts = reduce.matrix(np.minimum, partials.leasts, NO_LEAST)
        self._greatests = reduce.matrix(np.maximum, partials.greatests, NEVER)
        self._latest_us, self._latest_value = reduce.latest(partials.values, partials.moments)
        row = np.cumsum(changed) - 1
        self._ids = [self._id_rows(reduce.columns, partial, row) for partial in partials.ids]
        self._rows = np.searchsorted(self._user_of_row, np.append(self.users, np.iinfo(np.int64).max))
        self._remember(events, user, watermark)

    def _check(self, events: EventBatch, totals: tuple[Partial, ...], reduce: _Reducer) -> None:
        for partial in totals:
            values, _ = reduce.columns.numbers(partial.of)
            if len(values) and float(np.abs(values.astype(np.float64)).max()) * len(values) >= TOTAL_LIMIT:
                for part in np.split(values, np.flatnonzero(np.diff(events.users.codes)) + 1):
                    check_totals(self._plan, part.reshape(-1, 1))

    def _id_rows(self, columns: Columns, partial: Partial, row: IntArray) -> tuple[IntArray, npt.NDArray[np.uint64]]:
        """(row, hash) pairs, ascending, none twice."""
        mask, rank, hashes = columns.ids(partial.of)
        chosen = np.flatnonzero(mask & columns.where(partial.where))
        pairs = np.unique(row[chosen] * len(hashes) + rank[chosen]) if len(hashes) else np.zeros(0, dtype=np.int64)
        return pairs // max(1, len(hashes)), hashes[pairs % max(1, len(hashes))]

    def _remember(self, events: EventBatch, user: IntArray, watermark: IntArray) -> None:
        recent = np.flatnonzero(events.event_time_us >= watermark - self._plan.lateness_us)
        hashes = events.event_id.take(recent).compact().hashed()
        order = np.lexsort((hashes, user[recent]))
        self._seen_hash, self._seen_us = hashes[order], events.event_time_us[recent][order]
        self._seen = np.searchsorted(user[recent][order], np.append(self.users, np.iinfo(np.int64).max))

    def state(self, position: int) -> Tiles:
        """The state of the user at a position of `users`."""
        start, end = self._rows[position], self._rows[position + 1]
        seen = slice(self._seen[position], self._seen[position + 1])
        ids = []
        for row, hashes in self._ids:
            low, high = np.searchsorted(row, (start, end))
            ids.append(IdSet(self._tile[row[low:high]], hashes[low:high]))
        return Tiles(
            tile=self._tile[start:end],
            counts=self._counts[start:end],
            totals=self._totals[start:end],
            leasts=self._leasts[start:end],
            greatests=self._greatests[start:end],
            latest_us=self._latest_us[start:end],
            latest_value=self._latest_value[start:end],
            ids=tuple(ids),
            seen_hash=self._seen_hash[seen],
            seen_us=self._seen_us[seen],
            newest_us=int(self._newest[position]),
            watermark_us=int(self._watermark[position]),
            log_position=self._log_position,
        )


class _Reducer:
    """Reduces columns of sorted events to one row per tile."""

    def __init__(self, columns: Columns, starts: IndexArray, events: int) -> None:
        self.columns, self._starts, self._events = columns, starts, events

    def matrix(self, ufunc: np.ufunc, partials: tuple[Partial, ...], neutral: int) -> IntArray:
        """One column per partial."""
        out = np.empty((len(self._starts), len(partials)), dtype=np.int64)
        for i, partial in enumerate(partials):
            mask, values = self._matching(partial.of, partial.where)
            if values is None or partial.kind is PartialKind.COUNT:
                held = mask.astype(np.int64)
            else:
                held = np.where(mask, values, neutral)
            out[:, i] = reduce_rows(ufunc, held.reshape(-1, 1), self._starts)[:, 0]
        return out

    def latest(self, values: tuple[Partial, ...], moments: tuple[Partial, ...]) -> tuple[IntArray, IntArray]:
        """(newest times, newest values), one column per partial."""
        times = np.full((self._events, len(values) + len(moments)), NEVER, dtype=np.int64)
        numbers = np.full((self._events, len(values)), NEVER, dtype=np.int64)
        for i, partial in enumerate(values + moments):
            mask, held = self._matching(partial.of, partial.where)
            times[:, i] = np.where(mask, self.columns.event_time_us, NEVER)
            if i < len(values) and held is not None:
                numbers[:, i] = np.where(mask, held, NEVER)
        return reduce_latest(times, numbers, self._starts)

    def _matching(self, of: str, where: Conjunction) -> tuple[BoolArray, IntArray | None]:
        mask = self.columns.where(where)
        if of == EVENT:
            return mask, None
        if self.columns.is_text(of):
            return mask & self.columns.text(of), None
        values, valid = self.columns.numbers(of)
        return mask & valid, values
