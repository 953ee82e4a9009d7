"""Measures how long calls wait below Python: a call of the worker's own, through the same queue.

gRPC does not say when a call arrived, and a caller's deadline only tells what is left of a time unknown. gRPC's core
keeps a queue per method. So while there are callers the worker asks its own GetSegments ten times a second, over a
socket of its own (a TCP port shared by SO_REUSEPORT could lead to another worker), and looks how old the question is
when its handler runs. It is told from callers' by a deadline that no caller has, which costs callers one comparison.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import grpc

from serving.domain.admission import Admission
from strata.v1.segmentation_pb2 import GetSegmentsRequest
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

EVERY_S: Final = 0.1
DEADLINE_S: Final = 7_200.0
"""Twice `serving.servicers.admitted.PROBE_LEFT_S`."""
LOST_S: Final = 1.0
"""A probe that waits this long has told enough."""


class QueueMeter(Protocol):
    """What is counted about the queue."""

    def waited(self, seconds: float) -> None: ...

    def refused(self) -> None: ...


class QueueProbe:
    """Keeps `Admission.wait_s` true. Add it to the server before that starts, then `start` it."""

    def __init__(self, door: Admission, meter: QueueMeter, clock: Callable[[], float] = time.perf_counter) -> None:
        self._door, self._meter, self._clock = door, meter, clock
        self._name = f"strata-queue-{os.getpid()}-{os.urandom(8).hex()}"
        self._task: asyncio.Task[None] | None = None

    def add_to(self, server: Any) -> None:
        """Give the server the probe's socket."""
        server.add_insecure_port(self._address)

    def start(self) -> None:
        """Probe from now on."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop probing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def takes(self, request: GetSegmentsRequest) -> bool:
        """Whether this is the probe, not a caller; notes how long it waited."""
        name, _, sent_s = request.user_id.rpartition(" ")
        if name != self._name:
            return False
        self._door.wait_s = self._clock() - float(sent_s)
        self._meter.waited(self._door.wait_s)
        return True

    @property
    def _address(self) -> str:
        return f"unix-abstract:{self._name}"

    async def _run(self) -> None:
        async with grpc.aio.insecure_channel(self._address, options=[("grpc.enable_http_proxy", 0)]) as channel:
            stub = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
            while True:
                await asyncio.sleep(EVERY_S)
                if self._door.take_called():
                    await self._probe(stub)
                else:
                    self._door.wait_s = 0.0

    async def _probe(self, stub: Any) -> None:
        question = GetSegmentsRequest(user_id=f"{self._name} {self._clock()}")
        try:
            async with asyncio.timeout(LOST_S):
                await stub.GetSegments(question, timeout=DEADLINE_S)
        except TimeoutError:
            self._door.wait_s = LOST_S
        except grpc.aio.AioRpcError:
            self._meter.refused()  # the queue was full; as long as it was is how long callers wait
