"""The meaning of a windowed feature in plain Python: loops over events, ints and fractions, nothing of the kernel's.

Events are dicts with the columns of contract 1; times in microseconds (`event_time_us`, `recorded_us`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

Event = Mapping[str, Any]
DAY_US = 86_400_000_000
LATENESS_US = 7 * DAY_US


def accepted(events: Sequence[Event], lateness_us: int = LATENESS_US) -> list[Event]:
    """The events that count: not late, each id once."""
    kept: dict[tuple[str, str], Event] = {}
    for event in events:
        if event["recorded_us"] - event["event_time_us"] <= lateness_us:
            kept.setdefault((event["user_id"], event["event_id"]), event)
    return list(kept.values())


def judged(events: Sequence[Event], *, quota: int = 10_000, lateness_us: int = LATENESS_US) -> list[str]:
    """The verdict on each event, in the order of the log, by its rule as the documentation says it."""
    known: dict[tuple[str, str], int] = {}
    counted: dict[tuple[str, int], int] = {}
    verdicts = []
    for event in events:
        name = (event["user_id"], event["event_id"])
        block = (event["user_id"], event["recorded_us"] // (30 * DAY_US))
        numbers = [event[column] or 0 for column in ("value", "quantity", "discount")]
        if event["recorded_us"] - event["event_time_us"] > lateness_us:
            verdicts.append("LATE")
        elif name in known and known[name] >= event["recorded_us"] - lateness_us:
            verdicts.append("DUPLICATE")
        elif max(map(abs, numbers)) > 2**40:
            verdicts.append("TOO_LARGE")
        elif counted.get(block, 0) >= quota:
            verdicts.append("OVER_QUOTA")
        else:
            known[name] = event["event_time_us"]
            counted[block] = counted.get(block, 0) + 1
            verdicts.append("ACCEPTED")
    return verdicts


def feature(tags: Mapping[str, str], events: Sequence[Event], t_us: int) -> float | None:
    """One feature of one user at t, from that user's accepted events; None is missing."""
    if not events:
        return None
    hop, window = int(tags["strata.hop_s"]) * 1_000_000, int(tags["strata.window_s"]) * 1_000_000
    start = (t_us - window) // hop * hop
    inside = [event for event in events if start <= event["event_time_us"] <= t_us]
    function = tags["strata.fn"]
    if function.startswith("session"):
        return _of_sessions(function, tags, [event for event in events if event["event_time_us"] <= t_us], start)
    if function.startswith("recent_"):
        return _of_recent(function, tags, _chosen(tags["strata.where"], inside), t_us)
    if function == "share":
        whole = _sum(tags["strata.of"], _chosen(tags["strata.base"], inside))
        part = _sum(tags["strata.of"], _chosen(tags["strata.where"], inside))
        return None if whole == 0 else _quotient(part, whole * int(tags["strata.scale"]))
    return _aggregate(function, tags, _chosen(tags["strata.where"], inside), t_us)


def _aggregate(  # noqa: PLR0911 - one return per function reads best
    function: str, tags: Mapping[str, str], events: list[Event], t_us: int
) -> float | None:
    of, scale = tags["strata.of"], int(tags["strata.scale"])
    values = [column(event, of) for event in events if column(event, of) is not None]
    if function == "count":
        return _quotient(len(values), scale)
    if function == "total":
        return _quotient(sum(values), scale)
    if function == "distinct":
        return _quotient(len(set(values)), scale)
    if function == "mean":
        number = len(values)
        if "strata.per" in tags:
            number = len({column(event, tags["strata.per"]) for event in events} - {None})
        return None if number == 0 else _quotient(sum(values), number * scale)
    if not values:
        return None
    if function == "minimum":
        return _quotient(min(values), scale)
    if function == "maximum":
        return _quotient(max(values), scale)
    if function == "last":
        newest = max((event["event_time_us"], column(event, of)) for event in events if column(event, of) is not None)
        return _quotient(newest[1], scale)
    assert function == "recency"
    return _quotient(t_us - max(event["event_time_us"] for event in events), DAY_US * scale)


def _of_sessions(function: str, tags: Mapping[str, str], events: list[Event], start_us: int) -> float | None:
    of, scale = tags["strata.of"], int(tags["strata.scale"])
    times: dict[Any, list[int]] = {}
    for event in _chosen(tags["strata.where"], events):
        if column(event, of) is not None:
            times.setdefault(column(event, of), []).append(event["event_time_us"])
    found: list[list[int]] = []
    for of_one in times.values():
        session: list[int] = []
        for at in sorted(of_one):
            if session and at - session[-1] > (1_800_000_000 if of == "*" else DAY_US):
                found.append(session)
                session = []
            session.append(at)
        found.append(session)
    inside = [session for session in found if session[-1] >= start_us]
    if function == "sessions":
        return _quotient(len(inside), scale)
    if not inside:
        return None
    if function == "session_depth":
        return _quotient(sum(map(len, inside)), len(inside) * scale)
    return _quotient(sum(session[-1] - session[0] for session in inside), len(inside) * 1_000_000 * scale)


def _of_recent(function: str, tags: Mapping[str, str], events: list[Event], t_us: int) -> float | None:
    def fingerprint(text: str | None) -> int:
        if text is None:
            return -1
        return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[8:12], "little")

    ordered = sorted(
        (
            (e["event_time_us"], *(fingerprint(e[name]) for name in ("event_type", "item_id", "category")))
            for e in events
        ),
        reverse=True,
    )
    slot = int(tags["strata.slot"])
    if slot >= min(len(ordered), int(tags["strata.keep"])):
        return None
    if function == "recent_gap":
        next_us = t_us if slot == 0 else ordered[slot - 1][0]
        return _quotient(next_us - ordered[slot][0], 1_000_000 * int(tags["strata.scale"]))
    if function == "recent_type":
        types = [fingerprint(name) for name in json.loads(tags["strata.types"])]
        return float(types.index(ordered[slot][1])) if ordered[slot][1] in types else None
    found = ordered[slot][2 if function == "recent_item" else 3]
    return None if found < 0 else float(found)


def column(event: Event, name: str) -> Any:
    """A column, or one derived from the event's local time; `*` is never null."""
    if name == "*":
        return 1
    if name not in ("hour", "weekday", "day", "week"):
        return event[name]
    local = event["event_time_us"] + event["utc_offset_s"] * 1_000_000
    day = local // DAY_US
    return {"hour": local // 3_600_000_000 % 24, "weekday": (day + 3) % 7, "day": day, "week": (day + 3) // 7}[name]


def _sum(of: str, events: list[Event]) -> int:
    return sum(column(event, of) or 0 for event in events)


def _chosen(where: str, events: list[Event]) -> list[Event]:
    return [event for event in events if all(_holds(event, *condition) for condition in json.loads(where))]


def _holds(event: Event, name: str, op: str, wanted: Any) -> bool:
    value = column(event, name)
    if value is None:
        return False
    return bool(
        {
            "eq": lambda: value == wanted,
            "ne": lambda: value != wanted,
            "in": lambda: value in wanted,
            "gt": lambda: value > wanted,
            "ge": lambda: value >= wanted,
            "lt": lambda: value < wanted,
            "le": lambda: value <= wanted,
        }[op]()
    )


def _quotient(numerator: int, denominator: int) -> float:
    """Both sides are doubles before the one division; below 2**53 that is the correctly rounded fraction."""
    if max(abs(numerator), abs(denominator)) < 2**53:
        return float(Fraction(numerator, denominator))
    return float(numerator) / float(denominator)
