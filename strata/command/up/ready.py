"""Whether the platform truly serves: a live answer from every segmenter, events taken, and pages that answer."""

from __future__ import annotations

import http.client
import os
from collections.abc import Sequence
from dataclasses import dataclass

from strata.command.up.ports import Ports
from strata.settings import Settings

CALL_S = 2.0
# The kernel deals connections to workers by chance: with two workers, twelve miss one of them once in 2,000 starts.
CONNECTIONS_PER_WORKER = 6
OWN_CONNECTION = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))


@dataclass(frozen=True)
class Readiness:
    """What is still missing; nothing when it serves."""

    missing: tuple[str, ...]

    @property
    def serves(self) -> bool:
        return not self.missing


class Probe:
    """Asks the running platform as its callers do: on new connections, since each may meet another worker."""

    def __init__(self, settings: Settings, ports: Ports, users: Sequence[str]) -> None:
        self._settings, self._ports, self._users = settings, ports, users
        self._address = f"{settings.gateway.host}:{ports.grpc}"
        self._connections = CONNECTIONS_PER_WORKER * (settings.gateway.workers or os.cpu_count() or 1)

    def look(self) -> Readiness:
        """Look once; takes seconds at most."""
        missing: list[str] = []
        for _ in range(self._connections):
            missing = self._missing_segmenters()
            if missing:
                break
        if not self._takes_events():
            missing.append("event door")
        if not _page_answers(self._settings.gateway.host, self._ports.metrics, "/metrics"):
            missing.append("metrics page")
        if not _page_answers(self._settings.monitor.host, self._ports.reports, "/"):
            missing.append("report page")
        return Readiness(tuple(missing))

    def _takes_events(self) -> bool:
        """Whether the gateway's address takes events: an empty batch is answered with the platform's time."""
        import grpc

        from strata.v1.event_pb2 import PublishEventsRequest
        from strata.v1.event_pb2_grpc import EventServiceStub

        with grpc.insecure_channel(self._address, options=OWN_CONNECTION) as channel:
            stub = EventServiceStub(channel)  # type: ignore[no-untyped-call]  # generated without types
            try:
                stub.PublishEvents(PublishEventsRequest(), timeout=CALL_S)
            except grpc.RpcError:
                return False
        return True

    def _missing_segmenters(self) -> list[str]:
        """Segmenters for which one connection's worker has no live answer for any of the known users."""
        import grpc

        from strata.v1.segmentation_pb2 import ASSIGNMENT_SOURCE_LIVE, GetSegmentsRequest
        from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

        waiting = dict.fromkeys(self._settings.segmenters)
        with grpc.insecure_channel(self._address, options=OWN_CONNECTION) as channel:
            stub = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]  # generated without types
            for user in self._users:
                try:
                    reply = stub.GetSegments(GetSegmentsRequest(user_id=user), timeout=CALL_S)
                except grpc.RpcError as error:
                    return [f"gateway ({error.code().name.lower()})"]
                for assignment in reply.assignments:
                    if assignment.source == ASSIGNMENT_SOURCE_LIVE:
                        waiting.pop(assignment.segmenter, None)
                if not waiting:
                    break
        return list(waiting)


def _page_answers(host: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=CALL_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
