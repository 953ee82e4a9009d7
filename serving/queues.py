"""Which methods have a queue of their own in gRPC's core, and which share one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

OWN_QUEUE: Final = frozenset(
    {
        "/strata.v1.SegmentationService/GetSegments",
        "/strata.v1.SegmentationService/BatchGetSegments",
        "/strata.v1.EventService/PublishEvents",
        "/grpc.health.v1.Health/Check",
    }
)
"""What callers may send floods of, so that none is refused for another's; and what a proxy asks every second."""


class FewQueues:
    """A grpc.aio server as generated code sees it, which gives a queue of their own to the methods above alone.

    Before each call grpc.aio waits for one future per queue (`asyncio.wait`), so that every further queue costs every
    call 0.25 us on a warm core. Methods without one share that of the generic handlers.
    """

    def __init__(self, server: Any) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        """As the server's."""
        self._server.add_generic_rpc_handlers(handlers)

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """As the server's, for those above."""
        own = {name: handler for name, handler in handlers.items() if f"/{service}/{name}" in OWN_QUEUE}
        if own:
            self._server.add_registered_method_handlers(service, own)
