"""How long, and how much of each kind of call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MINUTE_S: Final = 60.0
WARM_SHARE: Final = 0.25
WARM_MINUTES: Final = 15.0
"""Caches fill, models are loaded, pools reach their size, a worker has met most users: what memory does in this time is
no growth. A worker's heap was level after 13 to 15 minutes of an hour (2026-11)."""


@dataclass(frozen=True)
class Plan:
    """What to do. Rates are of all callers together."""

    minutes: float
    """For so long memory is judged; the warm-up comes before it."""
    seed: int = 1
    calls_per_s: float = 100.0
    batches_per_s: float = 2.0
    events_per_s: float = 50.0
    watchers: int = 4
    release_every_s: float = 20.0
    """A round of six changes is over in two minutes, and heaps have seen several of them within the warm-up."""
    sample_s: float = 5.0
    look_s: float = 30.0
    """Between two looks at the segments users must have, and at the folders' sizes."""
    warm_minutes: float | None = None
    """None: a quarter of `minutes`, at most 15."""

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.warm_s + self.minutes * MINUTE_S

    @property
    def recent_ids(self) -> int:
        """What the door remembers for retries is bounded by number; so few that the bound is met in the warm-up.

        By default that takes hours at this rate, in which the door grows as it should (`stream.recent_ids`).
        """
        return max(500, round(self.events_per_s * self.warm_s / 4))

    @property
    def warm_s(self) -> float:
        """On top of the time that is judged.

        >>> Plan(60).warm_s, Plan(2).warm_s, Plan(2, warm_minutes=3).warm_s
        (900.0, 30.0, 180.0)
        """
        if self.warm_minutes is not None:
            return self.warm_minutes * MINUTE_S
        return min(WARM_MINUTES, WARM_SHARE * self.minutes) * MINUTE_S

    def passed(self, seconds: float) -> str:
        """Where it is so long after the beginning.

        >>> Plan(60).passed(60), Plan(60).passed(1_800)
        ('warm-up, 1 of 15 min', '15 of 60 min')
        """
        if seconds < self.warm_s:
            return f"warm-up, {seconds / MINUTE_S:.0f} of {self.warm_s / MINUTE_S:g} min"
        return f"{(seconds - self.warm_s) / MINUTE_S:.0f} of {self.minutes:g} min"
