"""EventService: bytes in, bytes out. Reading bytes here, and not in the transport, gives bad ones a status of ours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from strata.v1 import event_pb2 as pb
from streaming.service.faults import ServerGoing
from streaming.service.intake import Intake
from streaming.service.metrics import DoorMetrics
from streaming.service.replies import make_reply, read_request

IN_FLIGHT_BATCHES = 8
"""Of one stream: enough to keep a log busy whose appends take as long as eight batches take to arrive."""


_Acknowledgement = asyncio.Task[bytes]


class EventMethods:
    """Both methods of the service."""

    def __init__(self, intake: Intake, metrics: DoorMetrics) -> None:
        self._intake, self._metrics = intake, metrics
        self._readers: set[asyncio.Task[None]] = set()
        self._going = False

    async def publish_events(self, raw: bytes, context: Any) -> bytes:
        """One batch, answered once it is durable."""
        began, size = time.perf_counter(), len(raw)
        self._intake.room.take(size)
        try:
            events = read_request(raw, pb.PublishEventsRequest).events
        except BaseException:
            self._intake.room.give(size)
            raise
        batch = await asyncio.shield(self._intake.begin(events, size))
        reply: bytes = make_reply(batch).SerializeToString()
        self._metrics.acknowledged("PublishEvents", batch, time.perf_counter() - began)
        return reply

    async def stream_events(self, requests: AsyncIterator[bytes], context: Any) -> None:
        """Batches as they come, acknowledged in their order, a few on their way at once."""
        if self._going:
            raise ServerGoing
        in_order: asyncio.Queue[_Acknowledgement | ServerGoing | None] = asyncio.Queue(IN_FLIGHT_BATCHES)
        begun: set[_Acknowledgement] = set()
        reader = asyncio.get_running_loop().create_task(self._read(requests, in_order, begun))
        self._readers.add(reader)
        try:
            while (following := await in_order.get()) is not None:
                if isinstance(following, ServerGoing):
                    raise following
                await context.write(await following)
        finally:
            self._readers.discard(reader)
            for task in (reader, *begun):
                task.cancel()

    def go(self) -> None:
        """Read no more from streams: each ends with what it has acknowledged and UNAVAILABLE."""
        self._going = True
        for reader in self._readers:
            reader.cancel()

    async def _read(
        self,
        requests: AsyncIterator[bytes],
        in_order: asyncio.Queue[_Acknowledgement | ServerGoing | None],
        begun: set[_Acknowledgement],
    ) -> None:
        """Put a task for each batch, then None, or why the stream ends."""
        loop = asyncio.get_running_loop()
        try:
            async for raw in requests:
                # Room before the next is read, so that what waits is held by the caller and not here.
                await self._intake.room.wait(len(raw))
                task = loop.create_task(self._acknowledge(raw))
                begun.add(task)
                task.add_done_callback(begun.discard)
                task.add_done_callback(_see)
                await in_order.put(task)
            end = None
        except asyncio.CancelledError:
            if not self._going:
                raise
            end = ServerGoing()
        await in_order.put(end)

    async def _acknowledge(self, raw: bytes) -> bytes:
        began, size = time.perf_counter(), len(raw)
        try:
            request = read_request(raw, pb.StreamEventsRequest)
        except BaseException:
            self._intake.room.give(size)
            raise
        # A stream is slowed, not refused: it waits for the log.
        batch = await asyncio.shield(self._intake.begin(request.events, size, patient=True))
        reply: bytes = pb.StreamEventsResponse(
            batch_id=request.batch_id, result=make_reply(batch)
        ).SerializeToString()  # fmt: skip
        self._metrics.acknowledged("StreamEvents", batch, time.perf_counter() - began)
        return reply


def _see(task: _Acknowledgement) -> None:
    """Look at how it ended: nobody else may, when its stream is gone."""
    if not task.cancelled():
        task.exception()
