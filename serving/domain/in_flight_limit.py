"""How many calls may be under way together, by what more of them does to their latency.

The gradient of Netflix' concurrency-limits (`Gradient2Limit`): where recent latency is more than `TOLERANCE` times
the best, the limit falls by their quotient; otherwise it grows by its square root. Only windows in which the limit
was nearly reached count: of the others latency says nothing about it.
"""

from __future__ import annotations

import math
from typing import Final

WINDOW: Final = 50
"""Calls whose mean is one measurement."""
TOLERANCE: Final = 2.0
LEAST_GRADIENT: Final = 0.5
FORGOTTEN_PER_S: Final = 0.005
"""The best rises by this share a second, so that a segmenter that became slower is no overload for ever."""


class InFlightLimit:
    """A number between `least` and `most`; it begins at `most`."""

    __slots__ = ("_best_s", "_calls", "_least", "_most", "_peak", "_since_s", "_sum_s", "value")

    def __init__(self, least: int, most: int) -> None:
        self._least, self._most = least, most
        self.value = most
        self._best_s = math.inf
        self._since_s = 0.0
        self._calls = self._peak = 0
        self._sum_s = 0.0

    def took(self, seconds: float, in_flight: int, now_s: float) -> None:
        """A call was answered after so long; `in_flight` counts it."""
        self._sum_s += seconds
        self._calls += 1
        self._peak = max(self._peak, in_flight)
        if self._calls == WINDOW:
            self._look(now_s)

    def _look(self, now_s: float) -> None:
        recent_s = self._sum_s / WINDOW
        forgotten = 1 + FORGOTTEN_PER_S * max(now_s - self._since_s, 0.0)
        self._best_s = min(recent_s, self._best_s * forgotten)
        if self._peak >= self.value / 2:
            gradient = min(1.0, max(LEAST_GRADIENT, TOLERANCE * self._best_s / recent_s)) if recent_s else 1.0
            wanted = int(self.value * gradient + math.sqrt(self.value))
            self.value = min(self._most, max(self._least, wanted))
        self._calls = self._peak = 0
        self._sum_s, self._since_s = 0.0, now_s
