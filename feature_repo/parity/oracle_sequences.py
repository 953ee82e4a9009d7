"""Sessions and the newest events in plain Python, for the oracle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

NAMELESS_PAUSE_US: Final = 30 * 60 * 1_000_000
NAMED_PAUSE_US: Final = 86_400_000_000
SECOND_US: Final = 1_000_000
Quotient = tuple[int, int]
"""Numerator and denominator, before the scale; a denominator of 0 is missing."""


def fingerprint(id_: str | int) -> int:
    """Ids are told apart by 32 bits: of the MD5 for text, the lowest ones for numbers."""
    if isinstance(id_, int):
        return id_ % 2**32
    return int.from_bytes(hashlib.md5(id_.encode(), usedforsecurity=False).digest()[8:12], "little")


def of_sessions(function: str, of: str, times: Sequence[int], ids: Sequence[Any], start_us: int) -> Quotient:
    """Of the matching events known by then, in order of time: sessions whose last event is in the window."""
    pause = NAMELESS_PAUSE_US if of == "*" else NAMED_PAUSE_US
    sessions: list[list[int]] = []
    running: dict[int, list[int]] = {}
    for at, id_ in zip(times, ids, strict=True):
        key = 0 if of == "*" else fingerprint(id_)
        if key not in running or at - running[key][-1] > pause:
            running[key] = []
            sessions.append(running[key])
        running[key].append(at)
    inside = [session for session in sessions if session[-1] >= start_us]
    if function == "sessions":
        return len(inside), 1
    if function == "session_depth":
        return sum(map(len, inside)), len(inside)
    return sum(session[-1] - session[0] for session in inside), len(inside) * SECOND_US


def of_recent(tags: Mapping[str, str], events: Sequence[tuple[int, str, Any, Any]], t_us: int) -> Quotient:
    """Of the matching events in the window: the number of one slot. Events are (time, type, item, category)."""
    named = [(at, *(-1 if part is None else fingerprint(part) for part in parts)) for at, *parts in events]
    newest = sorted(named, reverse=True)[: int(tags["strata.keep"])]
    slot, function = int(tags["strata.slot"]), tags["strata.fn"]
    if slot >= len(newest):
        return 0, 0
    if function == "recent_gap":
        return (t_us if slot == 0 else newest[slot - 1][0]) - newest[slot][0], SECOND_US
    found = newest[slot][{"recent_type": 1, "recent_item": 2, "recent_category": 3}[function]]
    if function == "recent_type":
        types = [fingerprint(name) for name in json.loads(tags["strata.types"])]
        return (types.index(found), 1) if found in types else (0, 0)
    return found, 0 if found < 0 else 1
