"""Around each method: room for the call, request id, deadline, status codes, counting."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from itertools import count
from typing import Any, Final, NoReturn, TypeVar

import grpc

from streaming.service.faults import DeadlineExpired, Fault, to_fault
from streaming.service.metrics import DoorMetrics
from streaming.service.room import Room

REQUEST_ID_KEY: Final = "x-request-id"
MAX_REQUEST_ID: Final = 128
_LOG = logging.getLogger(__name__)
_process = os.urandom(6).hex()
_numbers = count(1)

Unary = Callable[[bytes, Any], Awaitable[bytes]]
Stream = Callable[[AsyncIterator[bytes], Any], Awaitable[None]]
Answer = TypeVar("Answer")


class Guard:
    """Makes gRPC handlers of methods."""

    def __init__(self, room: Room, metrics: DoorMetrics) -> None:
        self._room, self._metrics = room, metrics

    def unary(self, name: str, method: Unary, default_s: float) -> Unary:
        """The handler of a unary method. `default_s` is the deadline of callers that give none."""

        async def handle(raw: bytes, context: Any) -> bytes:
            return await self._call(name, partial(_timed, method, raw, context, default_s), context)

        return handle

    def stream(self, name: str, method: Stream) -> Stream:
        """The handler of a streaming method."""

        async def handle(requests: AsyncIterator[bytes], context: Any) -> None:
            await self._call(name, partial(method, requests, context), context)

        return handle

    async def _call(self, name: str, work: Callable[[], Awaitable[Answer]], context: Any) -> Answer:
        identity = request_id(context)
        context.set_trailing_metadata(((REQUEST_ID_KEY, identity),))
        try:
            with self._room.call():
                answer = await work()
        except asyncio.CancelledError:
            self._metrics.ended(name, "CANCELLED")
            raise
        except Exception as error:
            fault = to_fault(error, identity)
            if fault.is_ours:
                _LOG.error("%s failed, request id %s", name, identity, exc_info=error)
            self._metrics.ended(name, fault.code.name)
            await _abort(context, fault, identity)
        self._metrics.ended(name, grpc.StatusCode.OK.name)
        return answer


def request_id(context: Any) -> str:
    """The caller's id, or one of our own: this process's random part and a number."""
    for key, value in context.invocation_metadata() or ():
        if key == REQUEST_ID_KEY and isinstance(value, str) and 0 < len(value) <= MAX_REQUEST_ID:
            return value
    return f"{_process}-{next(_numbers)}"


async def _timed(method: Unary, raw: bytes, context: Any, default_s: float) -> bytes:
    left = context.time_remaining()
    if left is not None and left <= 0:
        raise DeadlineExpired
    try:
        # The transport ends calls past their own deadline; a second more than that is only a second line.
        async with asyncio.timeout(default_s if left is None else left + 1.0):
            return await method(raw, context)
    except TimeoutError:
        raise DeadlineExpired from None


async def _abort(context: Any, fault: Fault, identity: str) -> NoReturn:
    await context.abort(fault.code, fault.message, trailing_metadata=((REQUEST_ID_KEY, identity), *fault.trailer))
    raise AssertionError("abort returned")
