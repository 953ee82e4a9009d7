"""Around every method: request id, deadline, status codes, counting. A plain wrapper: an interceptor costs more."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import count
from typing import Any, Final, NoReturn, Protocol, TypeVar

import grpc

from serving.domain.deadline import Deadline
from serving.domain.failures import DeadlineExpired
from serving.domain.step_notes import keep_notes
from serving.servicers.faults import DETAILS_KEY, Fault, to_fault
from strata.call_timing import EXPLAIN, EXPLAIN_KEY, TIMING_KEY, write_timing

Request = TypeVar("Request")
Reply = TypeVar("Reply")

Metadata = Iterable[tuple[str, Any]]

REQUEST_ID_KEY = "x-request-id"
MAX_REQUEST_ID = 128


class CallMeter(Protocol):
    """What is counted about the calls of one method."""

    def ended(self, code: grpc.StatusCode, seconds: float) -> None: ...

    def failed(self, error: BaseException, request_id: str) -> None:
        """A defect of ours ended a call: log it."""
        ...


_process = os.urandom(6).hex()
_numbers = count(1)


def request_id(context: Any) -> str:
    """The caller's id, or one of our own: this process's random part and a number."""
    return sent_request_id(context) or made_request_id()


def made_request_id() -> str:
    """An id of our own."""
    return f"{_process}-{next(_numbers)}"


def sent_request_id(context: Any) -> str:
    """The caller's id; empty when there is none."""
    return asked_in(context.invocation_metadata() or ())[0]


def asked_in(metadata: Metadata) -> tuple[str, bool]:
    """The caller's id, or nothing, and whether it asks where its time goes. Fetching the metadata costs 1.2 us, so
    that it is looked through once."""
    identity, explain = "", False
    for key, value in metadata:
        if key == REQUEST_ID_KEY:
            if not identity and isinstance(value, str) and 0 < len(value) <= MAX_REQUEST_ID:
                identity = value
        elif key == EXPLAIN_KEY:
            explain = value == EXPLAIN
    return identity, explain


class CallerMeter(Protocol):
    """What is counted about callers, who say in a call's metadata who they are."""

    def called(self, metadata: Metadata) -> None: ...

    def failed(self, metadata: Metadata, code: grpc.StatusCode) -> None:
        """A call `called` was told of ended with this code, which is not OK."""
        ...


class UncountedCallers:
    """A CallerMeter that counts nobody."""

    def called(self, metadata: Metadata) -> None:
        return

    def failed(self, metadata: Metadata, code: grpc.StatusCode) -> None:
        return


UNCOUNTED: Final = UncountedCallers()


def guarded(
    method: Callable[[Request, Deadline], Awaitable[Reply]],
    default_s: float,
    meter: CallMeter,
    callers: CallerMeter = UNCOUNTED,
) -> Callable[[Request, Any], Awaitable[Reply]]:
    """The gRPC handler of a method. `default_s` is the deadline of callers that give none."""
    called = callers.called

    async def handle(request: Request, context: Any) -> Reply:
        began = time.perf_counter()
        metadata = context.invocation_metadata() or ()
        called(metadata)
        identity, explain = asked_in(metadata)
        notes = keep_notes(began) if explain else None
        if identity:  # a trailer of every call's own costs it and its caller 25 us (2026-11); nobody asked for one
            context.set_trailing_metadata(((REQUEST_ID_KEY, identity),))
        try:
            reply = await method(request, _deadline(context, default_s))
        except asyncio.CancelledError:
            meter.ended(grpc.StatusCode.CANCELLED, time.perf_counter() - began)
            callers.failed(metadata, grpc.StatusCode.CANCELLED)
            raise
        except Exception as error:
            identity = identity or made_request_id()
            fault = to_fault(error, identity)
            if fault.is_ours:
                meter.failed(error, identity)
            meter.ended(fault.code, time.perf_counter() - began)
            callers.failed(metadata, fault.code)
            await abort(context, fault, identity)
        ended = time.perf_counter()
        meter.ended(grpc.StatusCode.OK, ended - began)
        if notes is not None:
            told = ((TIMING_KEY, write_timing(notes.timing(ended))),)
            context.set_trailing_metadata((*told, (REQUEST_ID_KEY, identity)) if identity else told)
        return reply

    return handle


def _deadline(context: Any, default_s: float) -> Deadline:
    left = context.time_remaining()
    if left is None:
        return Deadline.after(default_s)
    if left <= 0:
        raise DeadlineExpired
    return Deadline.after(left)


async def abort(context: Any, fault: Fault, identity: str) -> NoReturn:
    """End a call with a fault, its ErrorInfo and the request id."""
    trailer = ((REQUEST_ID_KEY, identity), (DETAILS_KEY, fault.details))
    await context.abort(fault.code, fault.message, trailing_metadata=trailer)
    raise AssertionError("abort returned")
