"""When a child that died is started again."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
SETTLED_S = 20.0
"""A child that lived this long had started well; its death is not held against the next start."""
HOPELESS_DEATHS = 3


@dataclass
class RestartPolicy:
    """Doubling delays for a child that keeps dying early. Times are seconds of any monotonic clock.

    >>> policy = RestartPolicy()
    >>> [policy.died(started_s=0, now_s=1) for _ in range(4)]
    [1.5, 2.0, 3.0, 5.0]
    >>> policy.hopeless
    True
    >>> policy.died(started_s=100, now_s=200), policy.hopeless
    (200.5, False)
    """

    early_deaths: int = 0

    def died(self, started_s: float, now_s: float) -> float:
        """Take note of a death; returns the time of the next start."""
        if now_s - started_s >= SETTLED_S:
            self.early_deaths = 0
        delay = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0**self.early_deaths)
        self.early_deaths += 1
        return now_s + delay

    @property
    def hopeless(self) -> bool:
        """Whether it died early so often in a row that a person should know."""
        return self.early_deaths >= HOPELESS_DEATHS
