"""How long, and how much of each kind of call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WARM_SHARE: Final = 0.1
WARM_S: Final = 300.0
"""Caches fill, models are loaded, pools reach their size: what memory does in this time is no growth."""


@dataclass(frozen=True)
class Plan:
    """What to do. Rates are of all callers together."""

    minutes: float
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

    @property
    def seconds(self) -> float:
        return self.minutes * 60.0

    @property
    def recent_ids(self) -> int:
        """What the door remembers for retries is bounded by number; so few that the bound is met in the warm-up.

        By default that takes hours at this rate, in which the door grows as it should (`stream.recent_ids`).
        """
        return max(500, round(self.events_per_s * self.warm_s / 4))

    @property
    def warm_s(self) -> float:
        """A tenth of the time, at least five minutes, but at most a quarter.

        >>> Plan(60).warm_s, Plan(2).warm_s
        (360.0, 30.0)
        """
        return max(WARM_SHARE * self.seconds, min(WARM_S, self.seconds / 4))
