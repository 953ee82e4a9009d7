"""The gRPC server of the door: EventService, health, reflection."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from prometheus_client import CollectorRegistry

from strata.clock import Clock
from strata.errors import AlreadyRunning
from strata.reflection import enable_reflection
from strata.settings import StreamSettings
from strata.v1 import event_pb2 as pb
from streaming.log.ports import LogWriter
from streaming.service.calls import Guard
from streaming.service.intake import Intake
from streaming.service.limits import MAX_REQUEST_BYTES
from streaming.service.metrics import DoorMetrics
from streaming.service.recent_ids import RecentIds
from streaming.service.room import Room
from streaming.service.servicer import EventMethods
from streaming.service.stamps import Stamps

SERVICE: Final = pb.DESCRIPTOR.services_by_name["EventService"].full_name
SERVED: Final = health_pb2.HealthCheckResponse.SERVING
SPARE_CALLS: Final = 64
"""Calls past the door's limit that it still sees, to refuse them with a delay; the transport refuses more."""
SLACK_BYTES: Final = 64 << 10
"""A request a little too large is refused with a sentence; one much too large by the transport."""


class DoorServer:
    """A grpc.aio server to start, drain and stop, on the running event loop (uvloop, if the process chose it)."""

    def __init__(self, settings: StreamSettings, clock: Clock, writer: LogWriter, registry: CollectorRegistry) -> None:
        """`writer` stays the caller's: close the log after `drain`. `registry` gets the door's metrics."""
        self._settings = settings
        metrics = DoorMetrics(registry)
        recent = RecentIds(settings.recent_ids)
        room = Room(settings.in_flight_bytes, settings.max_calls)
        self._intake = Intake(writer, Stamps(clock), recent, room, settings.currency)
        self._methods = EventMethods(self._intake, metrics)
        metrics.watch(lambda: room.held_bytes, lambda: room.calls, lambda: len(recent))
        self.server: Any = grpc.aio.server(
            options=_options(settings), maximum_concurrent_rpcs=settings.max_calls + SPARE_CALLS
        )
        self.server.add_generic_rpc_handlers((self._handlers(room, metrics),))
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self.server)
        enable_reflection([SERVICE], self.server)

    async def start(self, address: str = "") -> int:
        """Listen and serve, at the settings' host and port unless told; returns the port. Raises AlreadyRunning."""
        address = address or f"{self._settings.host}:{self._settings.port}"
        try:
            port: int = self.server.add_insecure_port(address)
        except RuntimeError:
            raise AlreadyRunning(f"{address} is taken; set STRATA_STREAM__PORT to a free port") from None
        await self.server.start()
        for service in ("", SERVICE):
            await self._health.set(service, SERVED)
        return port

    async def drain(self) -> None:
        """Take no more, acknowledge what has begun, within the drain time; then stop. Streams end with UNAVAILABLE."""
        await self._health.enter_graceful_shutdown()
        self._methods.go()
        await self.server.stop(self._settings.drain_s)
        try:
            await asyncio.wait_for(self._intake.settle(), self._settings.drain_s)
        except TimeoutError:
            return

    def _handlers(self, room: Room, metrics: DoorMetrics) -> Any:
        """Without the stub's serialisers: what arrives are bytes."""
        methods, default_s = self._methods, self._settings.default_deadline_ms / 1_000
        guard = Guard(room, metrics)
        publish = guard.unary("PublishEvents", methods.publish_events, default_s)
        stream = guard.stream("StreamEvents", methods.stream_events)
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "PublishEvents": grpc.unary_unary_rpc_method_handler(publish),
                "StreamEvents": grpc.stream_stream_rpc_method_handler(stream),
            },
        )


def _options(settings: StreamSettings) -> list[tuple[str, int]]:
    return [
        # A second server on the port would write a second log.
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", MAX_REQUEST_BYTES + SLACK_BYTES),
    ]
