"""Which calls of a worker are begun, and which are refused before they cost anything.

What happens in one process on one event loop: handlers of embedded segmenters run to their end without waiting, so
that next to no calls are ever in flight together, however many come; the queue stands below Python, in gRPC's core.
Its length is bounded there (`gateway.max_pending_calls`). What is left to decide here, in this order:

1. a call that cannot be answered before its caller gives up is not begun (`Pace`, from the time the worker itself is
   busy with its kind; waiting for others the ladder ends in time, see `waits`);
2. calls that wait for others (a Bento, a Redis) are in flight together: at most as many as still pay (`InFlightLimit`);
3. interactive calls before batches: a batch may fill a share of that limit, and while callers queue, of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from serving.domain.in_flight_limit import InFlightLimit
from serving.domain.pace import Pace
from serving.domain.time_share import TimeShare

USERS_PER_UNIT: Final = 25
"""A batch of so many users costs about what a single call does (2026-11: 32 us a user, 800 us a call)."""


class Cause(StrEnum):
    """Why a call was refused."""

    DEADLINE = "deadline"
    """Its answer would have come too late."""
    IN_FLIGHT = "in_flight"
    """As many calls as pay are under way."""
    BATCH_SHARE = "batch_share"
    """Batches have had their share; single calls go first."""


@dataclass(frozen=True)
class AdmissionLimits:
    """What an operator sets."""

    least_in_flight: int = 8
    most_in_flight: int = 256
    batch_share: float = 0.5
    """Of the limit, and of the time while calls wait."""
    calm_wait_s: float = 0.02
    """Callers who wait less than this do not queue: a pause of a few milliseconds is no reason to refuse a batch."""


class Admission:
    """One worker's door. Not for threads: the event loop is its only user."""

    def __init__(self, limits: AdmissionLimits) -> None:
        self._limits = limits
        self.limit = InFlightLimit(limits.least_in_flight, limits.most_in_flight)
        self.in_flight = self._batch_in_flight = 0
        self.wait_s = 0.0
        """How long a call waited lately before its handler ran; `serving/adapters/queue_probe.py` measures it."""
        self.single, self.batch = Pace(), Pace()
        self._called = self._single_called = False
        self._batch_time = TimeShare(limits.batch_share)

    def take_called(self) -> bool:
        """Whether there were calls since this was asked last."""
        called, self._called = self._called, False
        return called

    def enter_single(self, left_s: float) -> Cause | None:
        """Begin a call with so much of its deadline left, or say why not. What was begun must `leave`.

        With nothing left the caller is gone already: that is for `guarded` to say.
        """
        self._called = self._single_called = True
        if 0.0 < left_s < self.single.expected_s:
            self.single.doubt()
            return Cause.DEADLINE
        if self.in_flight >= self.limit.value:
            return Cause.IN_FLIGHT
        self.in_flight += 1
        return None

    def leave_single(self, seconds: float, now_s: float, *, answered: bool, waited_s: float = 0.0) -> None:
        """A call ended after so long in its handler, `waited_s` of it waiting for others; only an answer tells how long
        answers take."""
        if answered:
            self.single.took(seconds - waited_s)
            self.limit.took(seconds, self.in_flight, now_s)
        self.in_flight -= 1

    def enter_batch(self, users: int, left_s: float, now_s: float) -> Cause | None:
        """As `enter_single`, for a batch of so many users."""
        self._called = True
        if 0.0 < left_s < self.batch.expected_s * users:
            self.batch.doubt()
            return Cause.DEADLINE
        units = units_of(users)
        if self.in_flight and self.in_flight + units > self.limit.value:
            return Cause.IN_FLIGHT
        share = self._limits.batch_share * self.limit.value
        if self._batch_in_flight and self._batch_in_flight + units > share:
            return Cause.BATCH_SHARE
        queued = self._single_called and self.wait_s > self._limits.calm_wait_s
        if queued and not self._batch_time.has_room(now_s):
            return Cause.BATCH_SHARE
        self._single_called = False  # batches alone have all the time there is
        self.in_flight += units
        self._batch_in_flight += units
        return None

    def leave_batch(self, users: int, seconds: float, now_s: float, *, answered: bool, waited_s: float = 0.0) -> None:
        """As `leave_single`."""
        if answered and users:
            self.batch.took((seconds - waited_s) / users)
        self._batch_time.spend(seconds, now_s)
        units = units_of(users)
        self.in_flight -= units
        self._batch_in_flight -= units


def units_of(users: int) -> int:
    """What a batch weighs, in single calls.

    >>> units_of(1), units_of(500)
    (1, 21)
    """
    return 1 + users // USERS_PER_UNIT
