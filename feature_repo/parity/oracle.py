"""The meaning of a windowed feature in plain Python: lists, slices, sets and fractions.

It shares nothing with the kernel or with the SQL but the tags it reads, so that a mistake in either shows. Per
user and filter it keeps the matching events in time order; a window is then a slice.
"""

from __future__ import annotations

import json
import operator
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from feature_repo.parity.oracle_sequences import fingerprint, of_recent, of_sessions

HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US
LATENESS_US: Final = 7 * DAY_US
FOREVER_US: Final = 2**62
Columns = Mapping[str, Sequence[Any]]
Tags = Mapping[str, str]


class UserOracle:
    """One user's events: contract 1's columns as sequences, times as `event_time_us` and `recorded_us`."""

    def __init__(self, columns: Columns) -> None:
        rows = sorted(_accepted(columns), key=lambda row: columns["event_time_us"][row])
        self._columns = {name: [values[row] for row in rows] for name, values in columns.items()}
        self._times: list[int] = self._columns["event_time_us"]
        self._recorded: list[int] = self._columns["recorded_us"]
        self._known_us = min(map(max, self._times, self._recorded), default=None)
        self._masks: dict[str, list[bool]] = {}
        self._series: dict[tuple[str, str], _Series] = {}

    def values(self, features: Sequence[Tags], t_us: int) -> list[float | None]:
        """Each feature at t; None is missing."""
        if self._known_us is None or self._known_us > t_us:
            return [None] * len(features)
        return [self._value(tags, t_us) for tags in features]

    def _value(self, tags: Tags, t_us: int) -> float | None:
        hop, window = int(tags["strata.hop_s"]) * 1_000_000, int(tags["strata.window_s"]) * 1_000_000
        start = (t_us - window) // hop * hop
        where, of, scale = tags["strata.where"], tags["strata.of"], int(tags["strata.scale"])
        function = tags["strata.fn"]
        if function.startswith("session"):
            whole, per = of_sessions(function, of, *self._chosen(where, of).inside(-FOREVER_US, t_us), start)
            return _quotient(whole, per * scale)
        if function.startswith("recent_"):
            whole, per = of_recent(tags, self._events(where, start, t_us), t_us)
            return _quotient(whole, per * scale)
        times, values = self._chosen(where, of).inside(start, t_us)
        if tags["strata.fn"] == "distinct" or "strata.per" in tags:
            _, ids = self._chosen(where, tags.get("strata.per", of)).inside(start, t_us)
            different = len({fingerprint(id_) for id_ in ids})
        if tags["strata.fn"] == "distinct":
            return _quotient(different, scale)
        if tags["strata.fn"] == "share":
            _, base = self._chosen(tags["strata.base"], of).inside(start, t_us)
            return _quotient(sum(values), sum(base) * scale)
        if "strata.per" in tags:
            return _quotient(sum(values), different * scale)
        return _aggregate(tags["strata.fn"], times, values, scale, t_us)

    def _events(self, where: str, start_us: int, t_us: int) -> list[tuple[int, str, Any, Any]]:
        columns = [self._columns[name] for name in ("event_type", "item_id", "category")]
        times, rows = self._chosen(where, "#").inside(start_us, t_us)
        return [(at, *(column[row] for column in columns)) for at, row in zip(times, rows, strict=True)]

    def _chosen(self, where: str, of: str) -> _Series:
        """The values of a column that are not null, of the events a filter chooses."""
        series = self._series.get((where, of))
        if series is None:
            masks = [self._mask(json.dumps(condition)) for condition in json.loads(where)]
            column = self._column(of)
            rows = [i for i, value in enumerate(column) if value is not None]
            for mask in masks:
                rows = [i for i in rows if mask[i]]
            times, recorded = [self._times[i] for i in rows], [self._recorded[i] for i in rows]
            series = self._series[(where, of)] = _Series(times, recorded, [column[i] for i in rows])
        return series

    def _mask(self, condition: str) -> list[bool]:
        if condition not in self._masks:
            name, op, wanted = json.loads(condition)
            self._masks[condition] = _holding(self._column(name), op, wanted)
        return self._masks[condition]

    def _column(self, name: str) -> list[Any]:
        """A column, or one worked out from the events' local times; `*` is 1, never null, `#` the row."""
        if name == "#":
            return list(range(len(self._times)))
        if name not in self._columns:
            offsets = self._columns["utc_offset_s"]
            local = [at + offset * 1_000_000 for at, offset in zip(self._times, offsets, strict=True)]
            derive: Callable[[int], int] = {
                "*": lambda at: 1,
                "hour": lambda at: at // HOUR_US % 24,
                "day": lambda at: at // DAY_US,
                "weekday": lambda at: (at // DAY_US + 3) % 7,
                "week": lambda at: (at // DAY_US + 3) // 7,
            }[name]
            self._columns[name] = [derive(at) for at in local]
        return self._columns[name]


def _accepted(columns: Columns) -> list[int]:
    """The rows that count, judged in the order they were recorded."""
    remembered: dict[str, int] = {}
    blocks: dict[int, int] = {}
    kept = []
    ids, times, recorded = (columns[name] for name in ("event_id", "event_time_us", "recorded_us"))
    for row in sorted(range(len(ids)), key=lambda row: (recorded[row], ids[row].encode(), times[row])):
        edge, block = recorded[row] - LATENESS_US, recorded[row] // (30 * DAY_US)
        if times[row] < edge or remembered.get(ids[row], edge - 1) >= edge:
            continue
        if any(abs(columns[name][row] or 0) > 2**40 for name in ("value", "quantity", "discount")):
            continue
        if blocks.get(block, 0) == 10_000:
            continue
        blocks[block] = blocks.get(block, 0) + 1
        remembered[ids[row]] = times[row]
        kept.append(row)
    return kept


class _Series:
    """Values in time order."""

    def __init__(self, times: list[int], recorded: list[int], values: list[Any]) -> None:
        self._times, self._recorded, self._values = times, recorded, values
        self._any_late = times != recorded

    def inside(self, start_us: int, t_us: int) -> tuple[list[int], list[Any]]:
        """(times, values) inside the window, both ends included, and recorded by t."""
        low, high = bisect_left(self._times, start_us), bisect_right(self._times, t_us)
        if not self._any_late:
            return self._times[low:high], self._values[low:high]
        known = [i for i in range(low, high) if self._recorded[i] <= t_us]
        return [self._times[i] for i in known], [self._values[i] for i in known]


def _aggregate(function: str, times: list[int], values: list[Any], scale: int, t_us: int) -> float | None:
    if function == "count":
        return _quotient(len(values), scale)
    if function == "total":
        return _quotient(sum(values), scale)
    if function == "mean":
        return _quotient(sum(values), len(values) * scale)
    if not values:
        return None
    picked = {
        "recency": lambda: _quotient(t_us - times[-1], DAY_US * scale),
        "last": lambda: _quotient(max(v for at, v in zip(times, values, strict=True) if at == times[-1]), scale),
        "minimum": lambda: _quotient(min(values), scale),
        "maximum": lambda: _quotient(max(values), scale),
    }
    return picked[function]()


def _holding(column: Sequence[Any], op: str, wanted: Any) -> list[bool]:
    """Which values satisfy a condition; null satisfies none."""
    if op == "eq":
        return [value == wanted for value in column]
    if op == "ne":
        return [value is not None and value != wanted for value in column]
    if op == "in":
        return [value in wanted for value in column]
    compare = {"gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le}[op]
    return [value is not None and compare(value, wanted) for value in column]


def _quotient(numerator: int, denominator: int) -> float | None:
    """Both sides are doubles before the one division; below 2**53 that is the correctly rounded fraction.

    None when there is nothing to divide by.
    """
    if denominator == 0:
        return None
    if max(abs(numerator), abs(denominator)) < 2**53:
        return float(Fraction(numerator, denominator))
    return float(numerator) / float(denominator)
