"""The gRPC server inside a Bento worker: SegmenterService, health and reflection."""

from __future__ import annotations

from typing import Any, Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from serving.bento.servicer import SegmenterServicer
from strata.errors import AlreadyRunning
from strata.reflection import enable_reflection
from strata.runtime import Package
from strata.tracing import Tracing, traced_handler
from strata.v1 import segmenter_pb2, segmenter_pb2_grpc

SERVICE: Final = str(segmenter_pb2.DESCRIPTOR.services_by_name["SegmenterService"].full_name)
# A ScoreRequest of 1,000 rows of 4,096 features is 32 MB; real ones are below one.
_MAX_MESSAGE: Final = 34 * 1024 * 1024


class SegmenterServer:
    """Starts and drains the server; several workers share one port by SO_REUSEPORT."""

    def __init__(self, package: Package, *, max_connection_age_s: float, tracing: Tracing | None = None) -> None:
        self._server = grpc.aio.server(
            options=[
                ("grpc.so_reuseport", 1),
                ("grpc.max_receive_message_length", _MAX_MESSAGE),
                # The kernel spreads connections over workers, not calls: channels are asked to come again.
                ("grpc.max_connection_age_ms", int(max_connection_age_s * 1_000)),
            ]
        )
        self._health = health.aio.HealthServicer()
        add = segmenter_pb2_grpc.add_SegmenterServiceServicer_to_server
        servicer: Any = SegmenterServicer(package)
        if tracing is not None:
            servicer.Score = traced_handler(SERVICE, "Score", servicer.Score, tracing)
        add(servicer, self._server)  # type: ignore[no-untyped-call]
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        enable_reflection([SERVICE], self._server)

    async def start(self, host: str, port: int) -> int:
        """Listen, and report healthy; returns the port. Raises AlreadyRunning when it is taken."""
        try:
            bound: int = self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError:
            raise AlreadyRunning(
                f"gRPC port {host}:{port} is taken; set STRATA_BENTO__GRPC_PORT to a free one"
            ) from None
        await self._server.start()
        await self._set(health_pb2.HealthCheckResponse.SERVING)
        return bound

    async def stop(self, grace_s: float) -> None:
        """Report not serving, finish calls in flight for up to `grace_s`, then end."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_s)

    async def _set(self, status: Any) -> None:
        for service in ("", SERVICE):
            await self._health.set(service, status)
