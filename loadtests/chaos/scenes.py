"""What a trial of chaos is asked, and what it has to show for a fault."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from loadtests.chaos.errors import too_many_errors
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
    during_ms: Sequence[float] = ()
    """How long each call took that was answered while it lasted."""
    unavailable_share: float = 0.0
    """As its fault has it."""

    def wrong(self) -> Counter[str]:
        """All that must never be, with the errors past what is allowed while it lasted."""
        seen = self.during + self.after
        wrong = Counter({name: count for name, count in seen.items() if name.startswith("wrong")})
        errors = too_many_errors(self.during, self.unavailable_share)
        return wrong + Counter({f"wrong: {self.fault}: {told}": count for told, count in errors.items()})

    def words(self) -> str:
        """In one line."""
        return f"{self.fault}: {in_words(self.during)}; live again {self.recovery_s:.1f} s after it was mended"


def await_streak(watchers: Watchers, since_s: float) -> float:
    """Seconds until so many calls in a row were live. Raises StrataError when that does not happen."""
    since_s = since_s or time.monotonic()
    watchers.streak = 0
    while watchers.streak < STREAK:
        if time.monotonic() - since_s > RECOVERY_S:
            raise StrataError(f"not live again {RECOVERY_S:.0f} s after it was mended: {in_words(watchers.take()[0])}")
        time.sleep(0.02)
    return time.monotonic() - since_s


def in_words(seen: Counter[str]) -> str:
    """Counts, by name."""
    return ", ".join(f"{name} {count:,}" for name, count in sorted(seen.items()))
