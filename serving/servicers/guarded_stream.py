"""Around a method that answers with a stream: as `guarded`, without a default deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import grpc

from serving.servicers.faults import to_fault
from serving.servicers.guarded import REQUEST_ID_KEY, CallMeter, abort, request_id

Request = TypeVar("Request")
Reply = TypeVar("Reply")


def guarded_stream(
    method: Callable[[Request], AsyncIterator[Reply]], meter: CallMeter
) -> Callable[[Request, Any], AsyncIterator[Reply]]:
    """The gRPC handler of a server-streaming method."""

    async def handle(request: Request, context: Any) -> AsyncIterator[Reply]:
        began = time.perf_counter()
        identity = request_id(context)
        context.set_trailing_metadata(((REQUEST_ID_KEY, identity),))
        try:
            async for reply in method(request):
                yield reply
        except (asyncio.CancelledError, GeneratorExit):
            meter.ended(grpc.StatusCode.CANCELLED, time.perf_counter() - began)
            raise
        except Exception as error:
            fault = to_fault(error, identity)
            if fault.is_ours:
                meter.failed(error, identity)
            meter.ended(fault.code, time.perf_counter() - began)
            await abort(context, fault, identity)
        meter.ended(grpc.StatusCode.OK, time.perf_counter() - began)

    return handle
