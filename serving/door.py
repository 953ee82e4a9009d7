"""What stands before the methods of a server: admission, its meters and its probe of the queue, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from serving.adapters.queue_probe import QueueProbe
from serving.domain.admission import Admission, AdmissionLimits
from serving.metrics.admission_meter import AdmissionMeter, QueueMeter
from serving.metrics.recorder import Recorder
from serving.servicers.admitted import Handler, Refusals, admitted_batch, admitted_single
from serving.servicers.guarded import CallerMeter, CallMeter


class Door(Protocol):
    """Wraps handlers, and lives as long as their server."""

    def single(self, handler: Handler, default_s: float) -> Handler: ...

    def batch(self, handler: Handler, default_s: float) -> Handler: ...

    def add_to(self, server: Any) -> None:
        """Before the server starts."""
        ...

    def start(self) -> None: ...

    async def stop(self) -> None: ...


class OpenDoor:
    """Lets every call in."""

    def single(self, handler: Handler, default_s: float) -> Handler:
        return handler

    def batch(self, handler: Handler, default_s: float) -> Handler:
        return handler

    def add_to(self, server: Any) -> None:
        return

    def start(self) -> None:
        return

    async def stop(self) -> None:
        return


class GuardedDoor:
    """Refuses what would be begun in vain."""

    def __init__(
        self, limits: AdmissionLimits, recorder: Recorder, meters: Mapping[str, CallMeter], callers: CallerMeter
    ) -> None:
        self._recorder, self._meters, self._callers = recorder, meters, callers
        self.admission = Admission(limits)
        self._probe = QueueProbe(self.admission, QueueMeter(recorder))

    def single(self, handler: Handler, default_s: float) -> Handler:
        return admitted_single(handler, self.admission, default_s, *self._counted("GetSegments"), probe=self._probe)

    def batch(self, handler: Handler, default_s: float) -> Handler:
        return admitted_batch(handler, self.admission, default_s, *self._counted("BatchGetSegments"))

    def add_to(self, server: Any) -> None:
        self._probe.add_to(server)

    def start(self) -> None:
        self._probe.start()

    async def stop(self) -> None:
        await self._probe.stop()

    def _counted(self, method: str) -> tuple[Refusals, AdmissionMeter]:
        meter = AdmissionMeter(self._recorder, method)
        return Refusals(self._meters[method], meter, self._callers), meter


def pending_options(most: int) -> list[tuple[str, int]]:
    """gRPC's own bound on calls that have come and not been handed to Python; past it they end with CANCELLED.

    Both arguments the same: a plain bound. Between two, gRPC refuses at random, the more the nearer to the second.
    0 leaves gRPC's defaults, 1,000 and 3,000.
    """
    names = ("grpc.server.max_pending_requests", "grpc.server.max_pending_requests_hard_limit")
    return [(name, most) for name in names] if most else []
