"""The platform's one clock: `system`, or `replay:ANCHOR` for history run forward from a past instant.

Times are int64 microseconds UTC everywhere. Every process of one platform must agree on a replay, so the
instant at which the replay began (`origin_us`, system time) is handed from the supervisor to its children.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from strata.errors import SettingsInvalid

SECOND_US = 1_000_000


class Clock(Protocol):
    """What time it is for the platform."""

    def now_us(self) -> int:
        """Microseconds since the epoch, UTC. Never decreases by more than the system clock does."""
        ...


def system_us() -> int:
    """The machine's own time."""
    return time.time_ns() // 1_000


@dataclass(frozen=True)
class SystemClock:
    """The machine's own time."""

    def now_us(self) -> int:
        return system_us()


@dataclass(frozen=True)
class ReplayClock:
    """History, running forward from `anchor_us` since `origin_us`, `speed` times as fast as the machine.

    >>> ReplayClock(anchor_us=1_000, origin_us=50, speed=2.0, system=lambda: 60).now_us()
    1020
    """

    anchor_us: int
    origin_us: int
    speed: float = 1.0
    system: Callable[[], int] = system_us

    def now_us(self) -> int:
        return self.anchor_us + int((self.system() - self.origin_us) * self.speed)


@dataclass(frozen=True)
class FixedClock:
    """One instant: for batch work that must be repeatable, and for tests."""

    at_us: int

    def now_us(self) -> int:
        return self.at_us


def parse_instant(text: str) -> int:
    """Read an ISO 8601 instant as microseconds; one without an offset is refused.

    >>> parse_instant("1970-01-01T00:00:01+00:00")
    1000000
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsInvalid(f"{text!r} is not an ISO 8601 instant; write 2017-12-01T05:00:00Z") from None
    if moment.tzinfo is None:
        raise SettingsInvalid(f"{text!r} has no offset; write {text}Z for UTC")
    delta = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * SECOND_US + delta.microseconds


def format_instant(at_us: int) -> str:
    """Write microseconds as ISO 8601, UTC.

    >>> format_instant(1_000_000)
    '1970-01-01T00:00:01Z'
    """
    moment = datetime.fromtimestamp(at_us // SECOND_US, UTC).replace(microsecond=at_us % SECOND_US)
    return moment.isoformat().replace("+00:00", "Z")


def make_clock(setting: str, origin_us: int | None = None, speed: float = 1.0) -> Clock:
    """Build the clock a setting names; without an origin a replay begins now."""
    if setting == "system":
        return SystemClock()
    kind, _, anchor = setting.partition(":")
    if kind != "replay" or not anchor:
        raise SettingsInvalid(f"clock {setting!r} is neither 'system' nor 'replay:INSTANT'")
    return ReplayClock(parse_instant(anchor), system_us() if origin_us is None else origin_us, speed)
