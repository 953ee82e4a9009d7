"""From tallies to figures: goodput as a share of the peak, latencies of the good, refusals, recovery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from loadtests.bench.summary import percentile
from loadtests.overload.plan import Plan
from loadtests.overload.tally import REFUSALS, SLICES_PER_S, Slice, Tally

NORMAL_TIMES: Final = 2.0
NORMAL_MORE_S: Final = 0.002
"""A latency is normal again within twice the one before the load, and 2 ms: less is the scheduler, not a queue."""


@dataclass(frozen=True)
class Capacity:
    """What the gateway without admission does for 16 callers who wait for each answer."""

    answers_per_s: float
    """The better of just before and just after the load."""
    cpu_s_per_answer: float
    """The mean of the two."""


@dataclass(frozen=True)
class Figures:
    """One side under overload."""

    name: str
    capacity_per_s: float
    """`Capacity.answers_per_s`."""
    offered_per_s: float
    goodput_per_s: float
    goodput_share: float
    cpu_share: float
    """Good answers per second of the gateway's CPU, as a share of those at its peak: other work on the machine takes
    time from a gateway, but does not count as its CPU."""
    p50_ms: float
    p99_ms: float
    """Of the good answers, from when a call was due."""
    ends_per_s: dict[str, float]
    """The others, by what became of them."""
    recovery_s: float | None
    """After the load's end, until light load has its latency from before again; None: not while it was watched."""
    light_p50_ms: float
    late_p99_ms: float
    """How late the generator sent calls."""
    memory_before_mb: float
    memory_after_mb: float
    memory_first_mb: float | None
    memory_last_mb: float | None
    """Medians over the first and the last third of the part that counts; None: the worker did not live through it."""

    @property
    def memory_grown(self) -> float | None:
        """The share by which the worker grew from the one to the other."""
        if self.memory_first_mb is None or self.memory_last_mb is None:
            return None
        return self.memory_last_mb / self.memory_first_mb - 1

    @property
    def refused_per_s(self) -> float:
        """Calls that were told so."""
        return sum(self.ends_per_s.get(ENDS[status], 0.0) for status in REFUSALS)


ENDS: Final = {
    1: "cancelled", 4: "deadline_exceeded", 8: "resource_exhausted", 14: "unavailable", -1: "given_up", -2: "lost",
    -3: "wrong",
}  # fmt: skip


def goodput_per_s(slices: Sequence[Slice]) -> float:
    """Answers in time, a second."""
    return sum(len(one.good_s) for one in slices) / len(slices) * SLICES_PER_S


def figures(
    name: str,
    tally: Tally,
    plan: Plan,
    capacity: Capacity,
    *,
    spent_s: float,
    memory_mb: tuple[float, float],
    thirds_mb: tuple[float | None, float | None],
) -> Figures:
    """What a load of light, heavy and light again says. The heavy part's first second is the queue's filling.

    `spent_s`: the gateway's CPU in the part that counts. `memory_mb`: its worker's before the load and after it.
    `thirds_mb`: in the first and the last third of that part.
    """
    start_s, end_s = plan.light_s, plan.light_s + plan.seconds
    light, heavy = tally.between(0.5, start_s), tally.between(start_s + plan.ramp_s, end_s)
    good = [one for slice_ in heavy for one in slice_.good_s]
    seconds = len(heavy) / SLICES_PER_S
    ends = ends_of(heavy)
    rate = goodput_per_s(heavy)
    normal_s = median(one for slice_ in light for one in slice_.good_s)
    return Figures(
        name=name,
        capacity_per_s=capacity.answers_per_s,
        offered_per_s=(len(good) + sum(ends.values())) / seconds,
        goodput_per_s=rate,
        goodput_share=rate / capacity.answers_per_s,
        cpu_share=len(good) * capacity.cpu_s_per_answer / max(spent_s, 1e-9),
        p50_ms=percentile(good, 0.5) * 1e3,
        p99_ms=percentile(good, 0.99) * 1e3,
        ends_per_s={what: count / seconds for what, count in ends.items()},
        recovery_s=recovery_s(tally.between(end_s, end_s + plan.after_s), normal_s),
        light_p50_ms=normal_s * 1e3,
        late_p99_ms=percentile(tally.late_s, 0.99) * 1e3,
        memory_before_mb=memory_mb[0],
        memory_after_mb=memory_mb[1],
        memory_first_mb=thirds_mb[0],
        memory_last_mb=thirds_mb[1],
    )


def ends_of(slices: Sequence[Slice]) -> dict[str, int]:
    """How many calls came to which end, good ones apart."""
    found: dict[str, int] = {}
    for status, count in (pair for one in slices for pair in one.ends.items()):
        what = ENDS.get(status, f"status_{status}")
        found[what] = found.get(what, 0) + count
    return found


def recovery_s(after: Sequence[Slice], normal_s: float) -> float | None:
    """Until the first of three slices in a row that are normal: answered, at the usual latency.

    >>> quick, slow = Slice([0.001]), Slice([0.090])
    >>> recovery_s([slow, slow, quick, slow, quick, quick, quick], normal_s=0.001)
    0.4
    >>> recovery_s([slow] * 5, normal_s=0.001) is None
    True
    """
    usual_s = NORMAL_TIMES * normal_s + NORMAL_MORE_S
    calm = [bool(one.good_s) and not one.ends and median(one.good_s) <= usual_s for one in after]
    for number in range(len(calm) - 2):
        if all(calm[number : number + 3]):
            return number / SLICES_PER_S
    return None
