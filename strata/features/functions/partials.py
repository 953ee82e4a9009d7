"""What a tile keeps, and how a value is made of it.

A partial is mergeable and commutative: the order in which events are folded never shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from strata.features.conditions import Conjunction
from strata.features.definition import WindowDefinition


class PartialKind(Enum):
    """Which mergeable thing a tile keeps."""

    COUNT = "count"
    """Events where `of` is not null."""
    TOTAL = "total"
    """The int64 sum of `of`."""
    LEAST = "least"
    GREATEST = "greatest"
    LATEST = "latest"
    """The value of `of` at its newest event; the greatest of several at one time."""
    MOMENT = "moment"
    """The newest event time."""
    IDS = "ids"
    """The set of different values of `of`; its cell is their number."""
    SESSIONS = "sessions"
    """Stretches of events without a long pause (`strata.features.sessions`); its cell is their number."""
    SESSION_TIME = "session_time"
    """The microseconds from first to last event of each, summed; read from SESSIONS."""
    SESSION_EVENTS = "session_events"
    """Their events; read from SESSIONS."""
    RECENT = "recent"
    """The newest events (`strata.features.recent`), `of` them; each cell is one slot of one of them."""


class Slot(NamedTuple):
    """One number of one of the newest events, or whether it is there."""

    part: str
    """type, item, category or gap."""
    place: int
    types: tuple[str, ...]
    """A type's number is its place among these."""
    there: bool


_READ_FROM = {PartialKind.SESSION_TIME: PartialKind.SESSIONS, PartialKind.SESSION_EVENTS: PartialKind.SESSIONS}


@dataclass(frozen=True)
class Partial:
    """One partial: `kind` of `of` over the events where `where`. Equal partials are kept once per view."""

    kind: PartialKind
    of: str
    where: Conjunction
    slot: Slot | None = None
    """RECENT: what is read."""

    @property
    def stored(self) -> Partial:
        """The partial a row keeps for this one."""
        return replace(self, kind=_READ_FROM.get(self.kind, self.kind), slot=None)


@dataclass(frozen=True)
class Formula:
    """value = numerator / (denominator * scale), missing where `presence` is 0.

    None for denominator or presence stands for the constant 1. With `age`, the numerator is a time and t minus it
    is taken first.
    """

    numerator: Partial
    denominator: Partial | None = None
    presence: Partial | None = None
    scale: int = 1
    age: bool = False


Lowering = Callable[[WindowDefinition], Formula]
