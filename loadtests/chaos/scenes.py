"""What a trial of chaos is asked, and what it has to show for a fault."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Final

from loadtests.chaos.watchers import Watchers
from loadtests.chaos.world import Kind
from strata.errors import StrataError

ASKED_ABOUT: Final = 300
"""Users."""
STREAK: Final = 100
"""So many calls in a row answered live: recovered."""
RECOVERY_S: Final = 60.0


@dataclass(frozen=True)
class Trial:
    """What to do."""

    kind: Kind
    seed: int
    rounds: int
    hold_s: float
    """How long a fault lasts."""
    only: tuple[str, ...] = ()
    threads: int = 6


@dataclass
class Scene:
    """One fault, and what its callers saw while it lasted and until all was well again."""

    fault: str
    during: Counter[str]
    after: Counter[str]
    recovery_s: float

    def words(self) -> str:
        """In one line."""
        return f"{self.fault}: {in_words(self.during)}; live again {self.recovery_s:.1f} s after it was mended"


def await_streak(watchers: Watchers, since_s: float) -> float:
    """Seconds until so many calls in a row were live. Raises StrataError when that does not happen."""
    since_s = since_s or time.monotonic()
    watchers.streak = 0
    while watchers.streak < STREAK:
        if time.monotonic() - since_s > RECOVERY_S:
            raise StrataError(f"not live again {RECOVERY_S:.0f} s after it was mended: {in_words(watchers.take())}")
        time.sleep(0.02)
    return time.monotonic() - since_s


def in_words(seen: Counter[str]) -> str:
    """Counts, by name."""
    return ", ".join(f"{name} {count:,}" for name, count in sorted(seen.items()))
