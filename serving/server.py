"""The gRPC server of one process: the service, health, reflection."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from serving.domain.deadline import Deadline
from serving.door import Door, OpenDoor, pending_options
from serving.queues import FewQueues
from serving.servicers.forwarded_events import MAX_REQUEST_BYTES, ForwardedEvents
from serving.servicers.forwarded_events import SERVICE as EVENTS
from serving.servicers.guard import PLAIN, Guard
from serving.servicers.guarded import CallMeter
from serving.servicers.guarded_stream import guarded_stream
from serving.servicers.releasing import SERVICE as RELEASES
from serving.servicers.releasing import ReleaseMethods, add_releases
from serving.servicers.segmentation import SegmentationMethods
from serving.watching import Watching
from strata.farewell import say_farewell
from strata.reflection import enable_reflection
from strata.v1 import segmentation_pb2 as pb
from strata.v1.segmentation_pb2_grpc import SegmentationServiceServicer, add_SegmentationServiceServicer_to_server

SERVICE: Final = pb.DESCRIPTOR.services_by_name["SegmentationService"].full_name
FAREWELL_S: Final = 1.0
"""How long callers have to leave before calls they send are refused."""
SERVED: Final = health_pb2.HealthCheckResponse.SERVING


@dataclass(frozen=True)
class Limits:
    """What the server allows its callers."""

    default_s: float
    batch_default_s: float
    max_connection_age_s: float
    drain_s: float
    max_pending_calls: int = 64
    max_concurrent_streams: int = 256


class GatewayServer:
    """A grpc.aio server of SegmentationService, to start, drain and stop."""

    def __init__(
        self,
        methods: SegmentationMethods,
        meters: Mapping[str, CallMeter],
        limits: Limits,
        *,
        watching: Watching,
        events: ForwardedEvents | None = None,
        releases: ReleaseMethods | None = None,
        guard: Guard = PLAIN,
        door: Door | None = None,
    ) -> None:
        """`meters`: one per method name of the contract. `events`: where EventService is handed on to, if anywhere.
        `door`: what refuses calls; None lets all in."""
        self._limits, self._watching, self._methods = limits, watching, methods
        self._port = 0
        self._door = door if door is not None else OpenDoor()
        self.server: Any = grpc.aio.server(options=_options(limits))
        add: Any = add_SegmentationServiceServicer_to_server
        servicer = self._servicer(meters, limits, guard)
        servicer.BatchGetSegments = self._door.batch(servicer.BatchGetSegments, limits.batch_default_s)
        servicer.WatchSegments = guarded_stream(watching.method.watch, meters["WatchSegments"])
        queues = FewQueues(self.server)
        add(servicer, queues)
        # In place of the generated handler, which would serialise a reply that comes serialised.
        quick = self._get_segments(meters["GetSegments"], limits.default_s, guard)
        queues.add_registered_method_handlers(SERVICE, {"GetSegments": quick})
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, queues)
        self._door.add_to(self.server)
        # Whether events are taken only the stream process knows: EventService's health is asked there.
        self._healthy = ["", SERVICE]
        offered = [SERVICE]
        if events is not None:
            events.add_to(queues, meters)
            offered.append(EVENTS)
        if releases is not None:
            add_releases(queues, releases, meters)
            offered.append(RELEASES)
            self._healthy.append(RELEASES)
        enable_reflection(offered, self.server)

    def switch(self, methods: SegmentationMethods) -> None:
        """Answer calls that come from now on by another release; those under way end as they began."""
        self._methods = methods

    async def start(self, address: str) -> int:
        """Listen and serve; returns the port. Raises RuntimeError when the address cannot be had."""
        port: int = self.server.add_insecure_port(address)
        self._port = port
        await self.server.start()
        self._watching.start()
        self._door.start()
        for service in self._healthy:
            await self._health.set(service, SERVED)
        return port

    async def stop(self) -> None:
        """Stop at once."""
        await self._door.stop()
        await self._watching.stop()
        await self.server.stop(None)

    async def drain(self) -> None:
        """Tell callers to go elsewhere, finish what is in flight within the drain time, stop."""
        until_s = time.monotonic() + self._limits.drain_s
        await self._health.enter_graceful_shutdown()
        await self._watching.stop()
        await say_farewell(self._port, min(FAREWELL_S, self._limits.drain_s))
        await self._door.stop()
        await self.server.stop(max(until_s - time.monotonic(), 0.0))

    def _servicer(self, meters: Mapping[str, CallMeter], limits: Limits, guard: Guard) -> Any:
        servicer: Any = SegmentationServiceServicer()
        wired: dict[str, tuple[Any, float]] = {
            "BatchGetSegments": (self._current("batch_get_segments"), limits.batch_default_s),
            "ListSegmenters": (self._current("list_segmenters"), limits.default_s),
            "GetSegmenter": (self._current("get_segmenter"), limits.default_s),
        }
        for name, (method, default_s) in wired.items():
            setattr(servicer, name, guard.handler(name, method, default_s, meters[name]))
        return servicer

    def _current(self, name: str) -> Any:
        """A method of whichever release is served when it is called."""

        def call(request: Any, deadline: Deadline) -> Any:
            return getattr(self._methods, name)(request, deadline)

        return call

    def _get_segments(self, meter: CallMeter, default_s: float, guard: Guard) -> grpc.RpcMethodHandler:
        def get_segments(request: pb.GetSegmentsRequest, deadline: Deadline) -> Awaitable[bytes]:
            return self._methods.get_segments(request, deadline)

        handler = self._door.single(guard.handler("GetSegments", get_segments, default_s, meter), default_s)
        return grpc.unary_unary_rpc_method_handler(handler, request_deserializer=pb.GetSegmentsRequest.FromString)


def _options(limits: Limits) -> list[tuple[str, int]]:
    return [
        ("grpc.so_reuseport", 1),
        # Long-lived channels are asked to come again, so that they spread over workers.
        ("grpc.max_connection_age_ms", int(limits.max_connection_age_s * 1_000)),
        ("grpc.max_connection_age_grace_ms", max(int(limits.drain_s * 1_000), 1_000)),
        ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
        ("grpc.max_concurrent_streams", limits.max_concurrent_streams),
        *pending_options(limits.max_pending_calls),
    ]
