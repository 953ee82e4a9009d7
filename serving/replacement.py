"""When a dead worker is started again, and when that is given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
SHORT_LIFE_S: Final = 10.0
"""A worker that served this long was sound: its death says nothing about the next one."""
SHORT_LIVES: Final = 5
"""So many short lives in a row, over all workers, and starting another one is pointless."""


@dataclass
class Replacement:
    """Counts short lives. One for a whole gateway: what kills workers at start is theirs in common."""

    short_lives: int = 0

    @property
    def hopeless(self) -> bool:
        """Whether to give up."""
        return self.short_lives >= SHORT_LIVES

    def pause_s(self, served_s: float) -> float:
        """How long to wait before starting another one, after a worker that served so long (0: never)."""
        if served_s >= SHORT_LIFE_S:
            self.short_lives = 0
            return FIRST_PAUSE_S
        self.short_lives += 1
        return min(FIRST_PAUSE_S * 2.0 ** (self.short_lives - 1), LONGEST_PAUSE_S)
