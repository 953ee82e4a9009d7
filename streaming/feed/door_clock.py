"""The platform's clock as the door tells it, so that a feeder agrees with it whoever began the replay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from strata.clock import system_us

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class DoorClock:
    """Runs on from the last moment the door told, at the platform's speed; never ahead of the door's own clock."""

    def __init__(self, speed: float, system: Callable[[], int] = system_us) -> None:
        self._speed, self._system = speed, system
        self._told_us = self._at_us = 0

    def tell(self, recorded_at: datetime) -> None:
        """Take note of what the door stamped just now."""
        self._told_us, self._at_us = (recorded_at - _EPOCH) // _MICROSECOND, self._system()

    def now_us(self) -> int:
        """Microseconds UTC."""
        return self._told_us + int((self._system() - self._at_us) * self._speed)

    def seconds_until(self, at_us: int) -> float:
        """How long that takes here; 0 when it is past."""
        return max(0.0, (at_us - self.now_us()) / 1e6 / self._speed)
