"""How every unary method is wrapped, told once: see `guarded` and `strata.tracing`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from serving.domain.deadline import Deadline
from serving.servicers.guarded import UNCOUNTED, CallerMeter, CallMeter, Reply, Request, guarded
from strata.tracing import Tracing, traced_handler
from strata.v1 import segmentation_pb2 as pb

SERVICE: Final = pb.DESCRIPTOR.services_by_name["SegmentationService"].full_name


@dataclass(frozen=True)
class Guard:
    """Makes the handlers of a server."""

    callers: CallerMeter = UNCOUNTED
    tracing: Tracing | None = None

    def handler(
        self, name: str, method: Callable[[Request, Deadline], Awaitable[Reply]], default_s: float, meter: CallMeter
    ) -> Callable[[Request, Any], Awaitable[Reply]]:
        """The gRPC handler of the method of that name."""
        handler = guarded(method, default_s, meter, self.callers)
        return handler if self.tracing is None else traced_handler(SERVICE, name, handler, self.tracing)


PLAIN: Final = Guard()
