"""The order of an offered load's steps, and what each is told to offer; nothing is called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from loadtests.bench.systems import System
from loadtests.offered import run
from loadtests.offered.plan import Plan
from loadtests.offered.run import measure_steps
from loadtests.offered.sides import Side
from loadtests.overload.caller import Order
from loadtests.overload.tally import OK, Tally

ECHO = Side(System("echo", "here:1", (), "bench.Echo"), "Single", 188)
EMBEDDED = Side(System("embedded", "here:2", ()))
PLAN = Plan(rounds=2, seconds=1.0, shares=(0.5, 1.0), ramp_s=0.0)


class Machine:
    """Takes orders: as fast as told next, and its callers as late."""

    def __init__(self, capacities: Iterator[float], late_ms: Iterator[float]) -> None:
        self.orders: list[Order] = []
        self._capacities, self._late_ms = capacities, late_ms

    def peak(self, *_: object) -> Machine:
        return self

    def look(self) -> tuple[float, float]:
        return next(self._capacities), 0.001

    def call(self, order: Order) -> Tally:
        self.orders.append(order)
        tally = Tally(late_s=[next(self._late_ms) / 1e3])
        tally.ended(OK, 0.5, 0.501, order.deadline_s)
        return tally


def measured(
    monkeypatch: pytest.MonkeyPatch, sides: Sequence[Side], plan: Plan, capacities: Iterator[float],
    late_ms: Iterator[float],
) -> tuple[list[tuple[str, float, str]], list[Order]]:  # fmt: skip
    machine = Machine(capacities, late_ms)
    monkeypatch.setattr(run, "call", machine.call)
    monkeypatch.setattr(run, "Peak", machine.peak)
    steps = [(one.side, one.share, one.unfit) for one in measure_steps(sides, ["ann"], plan, lambda _: None)]
    return steps, machine.orders


def for_ever(value: float) -> Iterator[float]:
    while True:
        yield value


def test_every_round_offers_every_share_to_each_side_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, _ = measured(monkeypatch, [ECHO, EMBEDDED], PLAN, for_ever(1_000.0), for_ever(0.0))
    one_round = [("echo", 0.5, ""), ("embedded", 0.5, ""), ("echo", 1.0, ""), ("embedded", 1.0, "")]
    assert steps == one_round * 2


def test_a_load_is_a_share_of_the_capacity_just_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """One look warms, then one is before and one after each step. From the capacity on callers have 100 ms."""
    looks = iter([9_999.0, 1_000.0, 1_100.0, 1_200.0, 1_000.0])
    plan = Plan(rounds=1, seconds=1.0, shares=(0.5, 1.0))
    _, orders = measured(monkeypatch, [ECHO], plan, looks, for_ever(0.0))
    assert [(list(one.phases), one.deadline_s) for one in orders] == [([(500.0, 1.0)], 1.0), ([(1_200.0, 1.0)], 0.1)]


def test_sides_are_sent_the_same_but_for_their_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """And on time: no caller sleeps."""
    plan = Plan(rounds=1, shares=(0.5,))
    _, (echo, embedded) = measured(monkeypatch, [ECHO, EMBEDDED], plan, for_ever(1_000.0), for_ever(0.0))
    assert (echo.method, echo.reply_bytes) == ("/bench.Echo/Single", 188)
    assert (embedded.method, embedded.reply_bytes) == ("/strata.v1.SegmentationService/GetSegments", 0)
    assert (echo.users, echo.phases, echo.spin) == (embedded.users, embedded.phases, embedded.spin) == (
        ["ann"], [(500.0, 10.0)], True,
    )  # fmt: skip


def test_an_unfit_step_is_offered_once_more_and_then_told_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan(rounds=1, shares=(0.5, 0.9))
    late = iter([30.0, 0.1, 30.0, 30.0])
    steps, orders = measured(monkeypatch, [ECHO], plan, for_ever(1_000.0), late)
    assert steps == [("echo", 0.5, ""), ("echo", 0.9, "late")]
    assert len(orders) == 4
