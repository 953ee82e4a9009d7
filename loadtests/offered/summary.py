"""From steps to figures: medians over the rounds, and what they are held to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Final

from loadtests.bench.summary import Figure, Ratio, figure
from loadtests.offered.steps import Step

HALF, NEARLY_FULL = 0.5, 0.9
TIMES_THE_ECHO: Final = {"embedded": 1.5}
"""The gateway's p99 at half of its capacity over the echo's at half of its own."""
NEARLY_FULL_MS: Final = {"embedded": 100.0}


@dataclass(frozen=True)
class Row:
    """One side at one share. Figures are over the fit rounds; over all of them, for want of better, when none was."""

    side: str
    share: float
    deadline_s: float
    rounds: int
    fit_rounds: int
    unfit: list[str]
    """Why the others were not, each reason once."""
    capacity_per_s: Figure
    offered_per_s: Figure
    goodput_per_s: Figure
    goodput_of_offered: Figure
    goodput_of_capacity: Figure
    p50_ms: Figure
    p90_ms: Figure
    p99_ms: Figure
    p99_9_ms: Figure
    refused_per_s: Figure
    given_up_per_s: Figure
    """By the caller at its deadline, or by the server with DEADLINE_EXCEEDED."""
    failed_per_s: Figure
    """Anything else that was not a right answer: lost with its connection, wrong, another status."""
    late_p99_ms: Figure

    @property
    def answers(self) -> bool:
        """Whether enough was answered for its latencies to say anything: those of a server that has drowned are of the
        few calls from before."""
        return self.goodput_of_offered.median >= FEW


FEW: Final = 0.01
REFUSED: Final = ("cancelled", "resource_exhausted", "unavailable")
GIVEN_UP: Final = ("given_up", "deadline_exceeded")


def rows(steps: Iterable[Step]) -> list[Row]:
    """Side by side in the order measured, each by rising load."""
    found = list(steps)
    order = list(dict.fromkeys(one.side for one in found))
    ordered = sorted(found, key=lambda one: (order.index(one.side), one.share))
    return [_row(list(same)) for _, same in groupby(ordered, key=attrgetter("side", "share"))]


def _row(steps: Sequence[Step]) -> Row:
    fit = [one for one in steps if not one.unfit]
    told = fit or steps

    def over(value: Callable[[Step], float]) -> Figure:
        return figure([value(one) for one in told])

    return Row(
        side=steps[0].side,
        share=steps[0].share,
        deadline_s=steps[0].deadline_s,
        rounds=len(steps),
        fit_rounds=len(fit),
        unfit=sorted({one.unfit for one in steps} - {""}),
        capacity_per_s=over(lambda one: one.capacity_per_s),
        offered_per_s=over(lambda one: one.offered_per_s),
        goodput_per_s=over(lambda one: one.goodput_per_s),
        goodput_of_offered=over(lambda one: one.goodput_per_s / max(one.offered_per_s, 1e-9)),
        goodput_of_capacity=over(lambda one: one.goodput_per_s / one.capacity_per_s),
        p50_ms=over(lambda one: one.p50_ms),
        p90_ms=over(lambda one: one.p90_ms),
        p99_ms=over(lambda one: one.p99_ms),
        p99_9_ms=over(lambda one: one.p99_9_ms),
        refused_per_s=over(lambda one: _ended(one, REFUSED)),
        given_up_per_s=over(lambda one: _ended(one, GIVEN_UP)),
        failed_per_s=over(lambda one: sum(one.ends_per_s.values()) - _ended(one, (*REFUSED, *GIVEN_UP))),
        late_p99_ms=over(lambda one: one.late_p99_ms),
    )


def _ended(step: Step, how: Iterable[str]) -> float:
    return sum(step.ends_per_s.get(name, 0.0) for name in how)


@dataclass(frozen=True)
class Held:
    """What the measurement is held to, and what it did not show."""

    ratios: list[Ratio]
    unmeasured: list[str]
    """Those no round was fit for."""


def held_to(steps: Sequence[Step]) -> Held:
    """Latencies are those of everything offered: refusing calls is no way to a short tail. Ratios are taken round by
    round, from rounds whose steps were fit."""
    sides = [side for side in dict.fromkeys(one.side for one in steps) if side != "echo"]
    claims = [(f"p99 at 50 %, {side} / echo", _times_the_echo(steps, side), TIMES_THE_ECHO.get(side)) for side in sides]
    claims += [(f"p99.9 at 90 %, {side}, ms", _nearly_full(steps, side), NEARLY_FULL_MS.get(side)) for side in sides]
    return Held(
        [Ratio(name, figure(values), at_most=bound) for name, values, bound in claims if values],
        [name for name, values, _ in claims if not values],
    )


def _times_the_echo(steps: Sequence[Step], side: str) -> list[float]:
    pairs = zip(_at(steps, side, HALF), _at(steps, "echo", HALF), strict=False)
    fit = [(ours, theirs) for ours, theirs in pairs if not ours.unfit and not theirs.unfit]
    return [ours.p99_of_all_ms / theirs.p99_of_all_ms for ours, theirs in fit]


def _nearly_full(steps: Sequence[Step], side: str) -> list[float]:
    return [one.p99_9_of_all_ms for one in _at(steps, side, NEARLY_FULL) if not one.unfit]


def _at(steps: Sequence[Step], side: str, share: float) -> list[Step]:
    """By round."""
    return [one for one in steps if one.side == side and one.share == share]
