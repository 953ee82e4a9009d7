"""EventService on the gateway's address: bytes handed on to the stream process, and back. Nothing is parsed here.

Deadlines, cancellation, status, details and the request id pass through, so that a caller cannot tell. High rates
should call the stream process itself (settings `stream`): a hop in Python costs about an echo a call.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any, Final, NoReturn

import grpc

from serving.domain.failures import EventsUnavailable, WorkerGoing
from serving.servicers.faults import DETAILS_KEY, to_fault
from serving.servicers.guarded import REQUEST_ID_KEY, CallMeter, abort, request_id
from strata.v1 import event_pb2 as pb

SERVICE: Final = pb.DESCRIPTOR.services_by_name["EventService"].full_name
MAX_REQUEST_BYTES: Final = (4 << 20) + (64 << 10)
"""What the door takes, and a little more, which it refuses with a sentence."""
DEFAULT_S: Final = 5.0
PASSED: Final = (REQUEST_ID_KEY, DETAILS_KEY)


class ForwardedEvents:
    """Handlers over one channel to the stream process; it need not be there yet."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._channel: Any = grpc.aio.insecure_channel(
            address,
            options=[
                ("grpc.enable_http_proxy", 0),
                ("grpc.use_local_subchannel_pool", 1),
                ("grpc.max_send_message_length", MAX_REQUEST_BYTES),
                ("grpc.initial_reconnect_backoff_ms", 100),
                ("grpc.min_reconnect_backoff_ms", 100),
                ("grpc.max_reconnect_backoff_ms", 1_000),
            ],
        )
        self._publish: Any = self._channel.unary_unary(f"/{SERVICE}/PublishEvents")
        self._stream: Any = self._channel.stream_stream(f"/{SERVICE}/StreamEvents")

    def add_to(self, server: Any, meters: Mapping[str, CallMeter]) -> None:
        """Serve them, as generated code would, but for bytes. `meters`: by method."""
        publish = partial(self._publish_events, meters["PublishEvents"])
        stream = partial(self._stream_events, meters["StreamEvents"])
        handlers = {
            "PublishEvents": grpc.unary_unary_rpc_method_handler(publish),
            "StreamEvents": grpc.stream_stream_rpc_method_handler(stream),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        server.add_registered_method_handlers(SERVICE, handlers)

    async def close(self) -> None:
        """Let go of the channel; calls under way end."""
        await self._channel.close()

    async def _publish_events(self, meter: CallMeter, request: bytes, context: Any) -> bytes:
        identity = request_id(context)
        left = context.time_remaining()
        with _Counted(meter) as call:
            try:
                reply: bytes = await self._publish(
                    request, timeout=DEFAULT_S if left is None else left, metadata=((REQUEST_ID_KEY, identity),)
                )
            except grpc.aio.AioRpcError as error:
                call.code = error.code()
                await self._abort(context, error, identity)
            except grpc.aio.UsageError:  # it came when the drain was over and the channel closed: nothing was sent
                call.code = grpc.StatusCode.UNAVAILABLE
                await abort(context, to_fault(WorkerGoing(), identity), identity)
        context.set_trailing_metadata(((REQUEST_ID_KEY, identity),))
        return reply

    async def _stream_events(
        self, meter: CallMeter, requests: AsyncIterator[bytes], context: Any
    ) -> AsyncIterator[bytes]:
        identity = request_id(context)
        context.set_trailing_metadata(((REQUEST_ID_KEY, identity),))
        with _Counted(meter) as counted:
            try:
                call = self._stream(requests, timeout=context.time_remaining(), metadata=((REQUEST_ID_KEY, identity),))
            except grpc.aio.UsageError:  # it came when the drain was over and the channel closed: nothing was sent
                counted.code = grpc.StatusCode.UNAVAILABLE
                await abort(context, to_fault(WorkerGoing(), identity), identity)
            try:
                async for reply in call:
                    yield reply
            except grpc.aio.AioRpcError as error:
                counted.code = error.code()
                await self._abort(context, error, identity)
            finally:
                call.cancel()

    async def _abort(self, context: Any, error: grpc.aio.AioRpcError, identity: str) -> NoReturn:
        code, message = error.code(), error.details() or ""
        trailer = tuple((key, value) for key, value in error.trailing_metadata() or () if key in PASSED)
        if code is grpc.StatusCode.UNAVAILABLE and not any(key == DETAILS_KEY for key, _ in trailer):
            # Nobody answered: the words are the transport's, and of no use to a caller.
            fault = to_fault(EventsUnavailable(self.address), identity)
            message, trailer = fault.message, ((REQUEST_ID_KEY, identity), (DETAILS_KEY, fault.details))
        await context.abort(code, message, trailing_metadata=trailer)
        raise AssertionError("abort returned")


class _Counted:
    """One call, counted at its end: with `code`, or as cancelled when its caller leaves before."""

    def __init__(self, meter: CallMeter) -> None:
        self._meter, self._began_s = meter, time.perf_counter()
        self.code = grpc.StatusCode.OK

    def __enter__(self) -> _Counted:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        left = kind is not None and issubclass(kind, asyncio.CancelledError | GeneratorExit)
        self._meter.ended(grpc.StatusCode.CANCELLED if left else self.code, time.perf_counter() - self._began_s)
