"""Budget against measurement: pure, so that the gate itself can be tested."""

from __future__ import annotations

from dataclasses import dataclass

from loadtests.budget import Profile
from loadtests.measured import PERCENTILES, Measured


@dataclass(frozen=True)
class Line:
    """One limit and what was measured for it."""

    name: str
    limit: float
    measured: float
    unit: str
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """Whether the limit holds; a value exactly on it does."""
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


def judge(profile: Profile, measured: Measured) -> list[Line]:
    """One line per limit of the budget.

    Latencies are those of answered calls; a run that answered nothing keeps no latency limit, since the
    error and achieved shares already say so.
    """
    shares = [
        Line("errors", profile.error_share * 100, measured.error_share * 100, "%"),
        Line("degraded", profile.degraded_share * 100, measured.degraded_share * 100, "%"),
        Line("achieved rate", profile.achieved_share * 100, measured.achieved_share(profile.rate) * 100, "%", True),
    ]
    if not measured.all.calls:
        return shares
    names = {"p50_ms": "p50", "p95_ms": "p95", "p99_ms": "p99", "p99_9_ms": "p99.9"}
    return [Line(names[key], getattr(profile, key), getattr(measured.all, key), "ms") for key in PERCENTILES] + shares


def within(lines: list[Line]) -> bool:
    """Whether every limit holds."""
    return all(line.kept for line in lines)
