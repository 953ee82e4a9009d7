"""Counts and times of one run, exact, beside Locust's own statistics.

Locust's percentiles serve its report; they count failed calls too, so a server that refuses quickly would look
fast. The budget is held against right answers only, and failures against the error share.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from loadtests.measured import PERCENTILES, Latencies, Measured


@dataclass
class Tally:
    """Counted in the measured time only."""

    offered: int = 0
    degraded: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    times_ms: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def answered(self, method: str, response_ms: float, degraded: str) -> None:
        """A right answer; `degraded` says why it was not live throughout, empty when it was."""
        self.times_ms[method].append(response_ms)
        if degraded:
            self.degraded[degraded] += 1

    def failed(self, cause: str) -> None:
        """No answer, a wrong one, or a call that could not be offered."""
        self.errors[cause] += 1

    def measured(self, duration_s: float, cpu_share: float) -> Measured:
        """The run as numbers."""
        everything = [time_ms for times in self.times_ms.values() for time_ms in times]
        return Measured(
            offered=self.offered,
            good=len(everything),
            degraded=dict(self.degraded),
            errors=dict(self.errors),
            duration_s=duration_s,
            all=latencies(everything),
            methods={method: latencies(times) for method, times in sorted(self.times_ms.items())},
            generator_cpu_share=round(cpu_share, 3),
        )


def latencies(times_ms: Sequence[float]) -> Latencies:
    """Nearest-rank percentiles: each is a time that was measured; all 0 for no call.

    >>> latencies([4.0, 1.0, 2.0, 3.0])
    Latencies(calls=4, p50_ms=2.0, p95_ms=4.0, p99_ms=4.0, p99_9_ms=4.0, max_ms=4.0)
    """
    ordered = sorted(times_ms) or [0.0]
    # -(-a // b) rounds up; the subtraction keeps 0.95 * 100 = 95.00000000000001 from reaching the next rank.
    ranks = {key: max(1, int(-(-(share * len(ordered) - 1e-9) // 1))) for key, share in PERCENTILES.items()}
    values = {key: round(ordered[rank - 1], 3) for key, rank in ranks.items()}
    return Latencies(calls=len(times_ms), max_ms=round(ordered[-1], 3), **values)


def fine_bucket(response_ms: float) -> float:
    """Locust keeps a count per rounded response time, by default whole milliseconds: too coarse to read a
    limit of 5 ms off its report. Hundredths below 10 ms, tenths below 100 ms, whole ones above."""
    if response_ms < 10:
        return round(response_ms, 2)
    return round(response_ms, 1) if response_ms < 100 else float(round(response_ms))
