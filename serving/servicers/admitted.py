"""In front of `guarded`: calls that would be begun in vain are refused, as cheaply as Python can.

A refusal still costs about 1.1 times an echo (2026-11: 147 us of server CPU beside the echo's 133; `set_code` in
place of `abort` saves 3): gRPC has received, parsed and scheduled the call by then. So this is for the calls that
cost much more, and for telling the caller properly; the flood is kept out below (`gateway.max_pending_calls`).
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from itertools import cycle
from typing import Any, Final, NoReturn, Protocol

import grpc

from serving.domain.admission import Admission, Cause
from serving.domain.failures import Overloaded
from serving.domain.questions import MAX_USERS
from serving.domain.waits import waited_here_s
from serving.servicers.faults import Fault, to_fault
from serving.servicers.guarded import CallerMeter, CallMeter, abort, asked_in, made_request_id

Handler = Callable[[Any, Any], Awaitable[Any]]
DELAYS: Final = 64
"""Refusals that are made beforehand, each with another delay."""
LEAST_DELAY_S: Final = 0.05
MOST_DELAY_S: Final = 0.25
PROBE_LEFT_S: Final = 3_600.0
"""The probe's calls have more than this left, and no caller's do."""
LEAST_LEFT_S: Final = 1e-6
"""A caller without a deadline is still there, however long it waited."""


class AdmissionMeter(Protocol):
    """What is counted about admission."""

    def refused(self, cause: Cause) -> None: ...

    def changed(self, limit: int, in_flight: int) -> None: ...


class Probe(Protocol):
    """Tells the worker's own calls from others'."""

    def takes(self, request: Any) -> bool: ...


class Refusals:
    """Ready faults by cause. Delays differ so that refused callers do not come back together."""

    def __init__(self, method: CallMeter, meter: AdmissionMeter, callers: CallerMeter) -> None:
        self._method, self._meter, self._callers = method, meter, callers
        draws = random.Random()
        self._faults = {
            cause: cycle([_fault(cause, draws.uniform(LEAST_DELAY_S, MOST_DELAY_S)) for _ in range(DELAYS)])
            for cause in Cause
        }

    async def refuse(self, context: Any, cause: Cause, began_s: float) -> NoReturn:
        """End the call."""
        metadata = context.invocation_metadata() or ()
        identity = asked_in(metadata)[0] or made_request_id()
        self._meter.refused(cause)
        self._method.ended(grpc.StatusCode.RESOURCE_EXHAUSTED, time.perf_counter() - began_s)
        self._callers.called(metadata)
        self._callers.failed(metadata, grpc.StatusCode.RESOURCE_EXHAUSTED)
        await abort(context, next(self._faults[cause]), identity)


def _fault(cause: Cause, delay_s: float) -> Fault:
    return to_fault(Overloaded(cause, delay_s), "")


def admitted_single(
    handler: Handler,
    door: Admission,
    default_s: float,
    refusals: Refusals,
    meter: AdmissionMeter,
    *,
    probe: Probe,
) -> Handler:
    """A handler of single calls behind the door. `default_s` is the deadline of callers that give none."""

    async def handle(request: Any, context: Any) -> Any:
        began_s = time.perf_counter()
        left_s = _left_s(context, default_s, door)
        if left_s > PROBE_LEFT_S and probe.takes(request):
            return b""
        if (cause := door.enter_single(left_s)) is not None:
            await refusals.refuse(context, cause, began_s)
        meter.changed(door.limit.value, door.in_flight)
        answered = False
        try:
            reply = await handler(request, context)
            answered = True
            return reply
        finally:
            ended_s = time.perf_counter()
            door.leave_single(ended_s - began_s, ended_s, answered=answered, waited_s=waited_here_s())
            meter.changed(door.limit.value, door.in_flight)

    return handle


def admitted_batch(
    handler: Handler, door: Admission, default_s: float, refusals: Refusals, meter: AdmissionMeter
) -> Handler:
    """As `admitted_single`, for batches: they weigh by their users and come after single calls."""

    async def handle(request: Any, context: Any) -> Any:
        began_s = time.perf_counter()
        users = len(request.user_ids)
        if users > MAX_USERS:  # never answered, so never to be repeated: the handler says so at no cost
            return await handler(request, context)
        if (cause := door.enter_batch(users, _left_s(context, default_s, door), began_s)) is not None:
            await refusals.refuse(context, cause, began_s)
        meter.changed(door.limit.value, door.in_flight)
        answered = False
        try:
            reply = await handler(request, context)
            answered = True
            return reply
        finally:
            ended_s = time.perf_counter()
            door.leave_batch(users, ended_s - began_s, ended_s, answered=answered, waited_s=waited_here_s())
            meter.changed(door.limit.value, door.in_flight)

    return handle


def _left_s(context: Any, default_s: float, door: Admission) -> float:
    """What a caller waited in gRPC's core is gone from its own deadline; from the default one it is taken here."""
    left: float | None = context.time_remaining()
    return max(default_s - door.wait_s, LEAST_LEFT_S) if left is None else left
