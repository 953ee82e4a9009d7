"""One step: a side, a share of its capacity, and what became of the calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from loadtests.bench.summary import percentile
from loadtests.offered.plan import Plan
from loadtests.overload.figures import ends_of
from loadtests.overload.tally import SLICES_PER_S, Tally

LATE_MS: Final = 2.0
"""A caller that sends its hundredth call later than this measures itself. It spins: with a core to itself its p99 was
0.01 ms, beside others' work 3 to 100 ms (2026-11)."""
STEADY: Final = 1.25
"""Were the capacity a fifth less at the end, the 90 % of the beginning would be 112 % of it."""


@dataclass(frozen=True)
class Step:
    """What one side did with one load in one round."""

    side: str
    share: float
    """Of the capacity just before."""
    deadline_s: float
    capacity_per_s: float
    """Just before: what the load is a share of."""
    capacity_after_per_s: float
    offered_per_s: float
    goodput_per_s: float
    """Right answers in time."""
    p50_ms: float
    p90_ms: float
    p99_ms: float
    p99_9_ms: float
    """Of the right answers in time, from when a call was due."""
    p99_of_all_ms: float
    p99_9_of_all_ms: float
    """Of everything offered; what was not answered took its deadline."""
    ends_per_s: dict[str, float]
    """The calls without a right answer, by what became of them."""
    late_p99_ms: float
    """How late the caller was itself. It is on the server's account in all of the above."""

    @property
    def unfit(self) -> str:
        """Why the step says nothing; empty when it does.

        `late`: the caller had no core to send from. `unsteady`: the machine was another one at the end.
        """
        if self.late_p99_ms > LATE_MS:
            return "late"
        first, last = sorted((self.capacity_per_s, self.capacity_after_per_s))
        return "unsteady" if last > STEADY * first else ""


def step_of(side: str, share: float, tally: Tally, plan: Plan, capacity_per_s: tuple[float, float]) -> Step:
    """`capacity_per_s`: just before and just after."""
    slices = tally.between(plan.ramp_s, plan.seconds)
    good = sorted(one for slice_ in slices for one in slice_.good_s)
    ends = ends_of(slices)
    deadline_s, seconds = plan.deadline_s(share), len(slices) / SLICES_PER_S
    p50, p90, p99, p99_9 = _percentiles_ms(good, (0.5, 0.9, 0.99, 0.999))
    all_p99, all_p99_9 = _percentiles_ms([*good, *[deadline_s] * sum(ends.values())], (0.99, 0.999))
    return Step(
        side=side,
        share=share,
        deadline_s=deadline_s,
        capacity_per_s=capacity_per_s[0],
        capacity_after_per_s=capacity_per_s[1],
        offered_per_s=(len(good) + sum(ends.values())) / seconds,
        goodput_per_s=len(good) / seconds,
        p50_ms=p50,
        p90_ms=p90,
        p99_ms=p99,
        p99_9_ms=p99_9,
        p99_of_all_ms=all_p99,
        p99_9_of_all_ms=all_p99_9,
        ends_per_s={what: count / seconds for what, count in ends.items()},
        late_p99_ms=percentile(tally.late_s, 0.99) * 1e3,
    )


def _percentiles_ms(times_s: Sequence[float], shares: Sequence[float]) -> list[float]:
    return [percentile(times_s, share) * 1e3 for share in shares]
