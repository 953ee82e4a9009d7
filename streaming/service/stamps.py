"""The moment events are recorded."""

from __future__ import annotations

from strata.clock import Clock


class Stamps:
    """The platform's clock, which may be set back by the machine's; what it stamps never decreases."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._newest_us = clock, 0

    def next_us(self) -> int:
        """Microseconds UTC, at least those given before."""
        self._newest_us = max(self._newest_us, self._clock.now_us())
        return self._newest_us
