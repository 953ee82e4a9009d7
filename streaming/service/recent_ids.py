"""Ids that were published moments ago: enough for retries, bounded in number and bytes.

Exact as far as it reaches: an id is only said to be known when it was acknowledged, and what has been forgotten is
known again where events are counted.
"""

from __future__ import annotations

from typing import Final

from strata.features.plan import LATENESS_US

MAX_BYTES: Final = 64 << 20
_ENTRY_BYTES: Final = 200
"""An entry beside its text: a dictionary's slot, a str's and an int's heads (measured, CPython 3.11)."""


def key_of(user: str, event_id: str) -> str:
    """What an event is known by. Neither part holds a control character."""
    return f"{user}\0{event_id}"


class RecentIds:
    """The newest ids, at least `count` of them where MAX_BYTES allows, in two generations: the older goes as one."""

    def __init__(self, count: int, max_bytes: int = MAX_BYTES) -> None:
        self._count, self._max_bytes = count, max_bytes // 2
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}
        self._young_bytes = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def knows(self, key: str, recorded_us: int) -> bool:
        """Whether the event was acknowledged, and is within H of the moment: else its id may be used again."""
        at_us = self._young.get(key)
        if at_us is None:
            at_us = self._old.get(key)
            if at_us is None:
                return False
        return at_us >= recorded_us - LATENESS_US

    def remember(self, event_times: dict[str, int]) -> None:
        """Take note of acknowledged events: key to event time."""
        self._young.update(event_times)
        self._young_bytes += sum(map(len, event_times)) + _ENTRY_BYTES * len(event_times)
        if len(self._young) >= self._count or self._young_bytes >= self._max_bytes:
            self._old, self._young, self._young_bytes = self._young, {}, 0
