"""The newest events of one user: what happened lately, in order, for models of sequences.

An event is (event_time, type, item, category), the last three as 32-bit fingerprints, -1 for null. The newest `keep`
of those that match are kept, the greatest first, compared as tuples: so events of one time have an order that does
not depend on which came first, and two that differ in nothing here stand side by side.

>>> add_recent([(9, 1, 2, 3), (5, 1, 2, 3)], (7, 4, -1, -1), 2)
[(9, 1, 2, 3), (7, 4, -1, -1)]
"""

from __future__ import annotations

from functools import cache
from typing import Final

from strata.features.functions.partials import Slot
from strata.features.matching import hash64

NULL: Final = -1
RecentEvent = tuple[int, int, int, int]
_PLACES: Final = {"type": 1, "item": 2, "category": 3}


def add_recent(held: list[RecentEvent], event: RecentEvent, keep: int) -> list[RecentEvent]:
    """With an event more, the newest `keep`."""
    return sorted([*held, event], reverse=True)[:keep]


def read_slot(held: list[RecentEvent], slot: Slot, edge_us: int) -> int:
    """A slot's number, or whether it has one; 0 past the events that happened at the edge or later.

    The gap of the newest event is its time, which is to be taken from now.
    """
    if slot.place >= len(held) or held[slot.place][0] < edge_us:
        return 0
    event = held[slot.place]
    if slot.part == "gap":
        if slot.there:
            return 1
        return event[0] if slot.place == 0 else held[slot.place - 1][0] - event[0]
    value = event[_PLACES[slot.part]]
    if slot.part == "type":
        value = _index(slot.types).get(value, NULL)
    return int(value != NULL) if slot.there else value


@cache
def _index(types: tuple[str, ...]) -> dict[int, int]:
    return {hash64(name) & 0xFFFFFFFF: i for i, name in enumerate(types)}
