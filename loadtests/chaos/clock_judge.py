"""Answers while the clock is set ahead and back: each must be right at the instant it names, and that must be now."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import grpc

from loadtests.chaos.judging import outcome_of
from loadtests.chaos.shifted_clock import ShiftedClock
from loadtests.live.asking import Segments, live_segments
from loadtests.live.senders import OPTIONS
from strata.clock import SECOND_US, Clock
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

HOUR_S: Final = 3_600.0
SHIFTS_S: Final = (HOUR_S, -HOUR_S, 0.0)
"""In this order: an hour ahead, back by two, and right again."""
NEAR_S: Final = 2.0
"""An answer's instant is this close to the clock's; the rest is the way of the call."""
LASTS_S: Final = 300.0
"""A trial ends within this time: a segment is right that is so at its beginning or at its end."""
Right = Mapping[float, Mapping[tuple[str, str], frozenset[str]]]
"""By shift: the right segments of (user, segmenter)."""


def learn_right(shifted: ShiftedClock, address: str, users: Sequence[str]) -> Right:
    """What the sound gateway says at each of the clocks, for users it answers live at all of them.

    Asked for in batches: single answers are held to what another way through the gateway says.
    """
    learnt: dict[float, tuple[Segments, Segments]] = {}
    with grpc.insecure_channel(address, options=OPTIONS) as channel:
        ask = SegmentationServiceStub(channel).BatchGetSegments  # type: ignore[no-untyped-call]

        def at(shift_s: float) -> Segments:
            shifted.set(shift_s)
            return live_segments(ask, users)

        for shift_s in SHIFTS_S:
            learnt[shift_s] = at(shift_s), at(shift_s + LASTS_S)
        shifted.set(0.0)
    looks = [look for pair in learnt.values() for look in pair]
    everywhere = set(looks[0]).intersection(*looks)
    lacking = {user for look in looks for user, _ in look.keys() - everywhere}
    return {
        shift_s: {key: frozenset({first[key], last[key]}) for key in everywhere if key[0] not in lacking}
        for shift_s, (first, last) in learnt.items()
    }


def moved(right: Right) -> set[str]:
    """Users with a segment that is another one by one of the clocks than by the others."""
    return {user for user, name in right[0.0] if len({right[shift_s][user, name] for shift_s in SHIFTS_S}) > 1}


class ClockJudge:
    """Judges replies; tell it by `turned` when the clock is set."""

    def __init__(self, right: Right, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`clock`: the platform's, as it is while the machine's is right."""
        self._right, self._clock, self._monotonic = right, clock, monotonic
        self._shift_s = self._before_s = 0.0
        self._turned_s = float("-inf")

    def turned(self, shift_s: float) -> None:
        """The clock has been set."""
        self._shift_s, self._before_s, self._turned_s = shift_s, self._shift_s, self._monotonic()

    def __call__(self, user: str, reply: Any) -> list[str]:
        ahead_s = (reply.as_of.ToMicroseconds() - self._clock.now_us()) / SECOND_US
        lately = self._monotonic() - self._turned_s < NEAR_S
        shift_s = min((self._shift_s, *[self._before_s] * lately), key=lambda each: abs(ahead_s - each))
        if abs(ahead_s - shift_s) > NEAR_S:
            return ["wrong: an instant that is not now"]
        right = self._right[shift_s]
        return [outcome_of(one, right[user, one.segmenter]) for one in reply.assignments]
