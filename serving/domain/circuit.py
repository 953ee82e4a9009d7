"""A circuit breaker: something that keeps running into its callers' time is left alone for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

TIMEOUTS: Final = 5
"""So many in a row open the circuit. Quick failures do not count: they cost callers nothing."""
SLOW_S: Final = 0.02
"""A call given up after less was its caller's impatience; what is sound answers in a fraction of it."""
REST_S: Final = 1.0
"""How long it stays open; then one call tries, and the others still go without."""


class Circuit:
    """For one event loop. Whoever was allowed says how it went: `succeeded`, `timed_out` or `left`."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._timeouts = 0
        self._rests_until = 0.0
        self._trying = False

    @property
    def is_open(self) -> bool:
        """Whether it is left alone, but for the one call that tries."""
        return self._timeouts >= TIMEOUTS

    def allows(self) -> bool:
        """Whether a call may be made; of an open circuit one at a time may, after a rest."""
        if self._timeouts < TIMEOUTS:
            return True
        if self._trying or self._monotonic() < self._rests_until:
            return False
        self._trying = True
        return True

    def succeeded(self) -> bool:
        """A call was answered in time. True when that closes an open circuit."""
        closed = self._timeouts >= TIMEOUTS
        self._timeouts, self._trying = 0, False
        return closed

    def timed_out(self) -> bool:
        """A call ran into its caller's time. True when the circuit is open now."""
        self._timeouts += 1
        self._trying = False
        if self._timeouts < TIMEOUTS:
            return False
        self._rests_until = self._monotonic() + REST_S
        return True

    def left(self) -> None:
        """A call ended otherwise: it failed quickly, or its caller went away. That says nothing."""
        self._trying = False
