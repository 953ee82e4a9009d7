"""Answers while the clock is set: right at the instant they name, which must be now."""

from __future__ import annotations

import pytest

from loadtests.chaos.clock_judge import HOUR_S, ClockJudge, moved
from strata.clock import FixedClock
from strata.v1 import segmentation_pb2 as pb

NOW_US = 1_500_000_000_000_000
RIGHT = {
    HOUR_S: {("ann", "tiers"): frozenset({"low"})},
    -HOUR_S: {("ann", "tiers"): frozenset({"high", "middle"})},
    0.0: {("ann", "tiers"): frozenset({"high"})},
}


class Ticks:
    """A monotonic clock that is told the time."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def reply(ahead_s: float, segment: str) -> pb.GetSegmentsResponse:
    one = pb.Assignment(segmenter="tiers", segment=segment, source=pb.ASSIGNMENT_SOURCE_LIVE)
    found = pb.GetSegmentsResponse(assignments=[one])
    found.as_of.FromMicroseconds(NOW_US + round(ahead_s * 1e6))
    return found


@pytest.fixture
def judge() -> ClockJudge:
    """Of a platform whose clock is set an hour ahead, for a while already."""
    ticks = Ticks()
    made = ClockJudge(RIGHT, FixedClock(NOW_US), ticks)
    made.turned(HOUR_S)
    ticks.now_s += 10
    return made


@pytest.mark.parametrize(
    ("ahead_s", "segment", "outcome"),
    [
        (HOUR_S - 0.1, "low", "live"),
        (HOUR_S, "high", "wrong: another segment"),
        (0.0, "high", "wrong: an instant that is not now"),
        (-HOUR_S, "high", "wrong: an instant that is not now"),
        (HOUR_S + 60, "low", "wrong: an instant that is not now"),
    ],
)
def test_an_answer_is_of_now(judge: ClockJudge, ahead_s: float, segment: str, outcome: str) -> None:
    """Its features are evaluated at the clock as it is set, and its segment is right at that instant."""
    assert judge("ann", reply(ahead_s, segment)) == [outcome]


def test_an_answer_on_its_way_may_be_of_the_clock_before() -> None:
    """For as long as a call may take; each is held to its own instant."""
    ticks = Ticks()
    judge = ClockJudge(RIGHT, FixedClock(NOW_US), ticks)
    judge.turned(-HOUR_S)
    assert judge("ann", reply(0.0, "high")) == ["live"]
    assert judge("ann", reply(-HOUR_S, "middle")) == ["live"]
    ticks.now_s += 10
    assert judge("ann", reply(0.0, "high")) == ["wrong: an instant that is not now"]


def test_users_whom_the_clock_moves_are_known() -> None:
    """They are the ones worth asking about."""
    assert moved(RIGHT) == {"ann"}
    assert moved({shift_s: {("bob", "tiers"): frozenset({"low"})} for shift_s in RIGHT}) == set()
