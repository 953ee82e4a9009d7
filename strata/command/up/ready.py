"""Whether the platform truly serves: a live answer from every segmenter, and pages that answer."""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from dataclasses import dataclass

from strata.command.up.ports import Ports
from strata.settings import Settings

CALL_S = 2.0


@dataclass(frozen=True)
class Readiness:
    """What is still missing; nothing when it serves."""

    missing: tuple[str, ...]

    @property
    def serves(self) -> bool:
        return not self.missing


class Probe:
    """Asks the running platform as its callers do."""

    def __init__(self, settings: Settings, ports: Ports, users: Sequence[str]) -> None:
        import grpc

        from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

        self._settings, self._ports, self._users = settings, ports, users
        # Without retries of its own: the loop around the probe is the retry, and each attempt should be fresh.
        options = [("grpc.enable_http_proxy", 0), ("grpc.max_reconnect_backoff_ms", 500)]
        self._channel = grpc.insecure_channel(f"{settings.gateway.host}:{ports.grpc}", options=options)
        self._stub = SegmentationServiceStub(self._channel)  # type: ignore[no-untyped-call]

    def look(self) -> Readiness:
        """Look once; takes seconds at most."""
        missing = [*self._missing_segmenters()]
        if not _page_answers(self._settings.gateway.host, self._ports.metrics, "/metrics"):
            missing.append("metrics page")
        if not _page_answers(self._settings.monitor.host, self._ports.reports, "/"):
            missing.append("report page")
        return Readiness(tuple(missing))

    def close(self) -> None:
        """Let go of the connection."""
        self._channel.close()

    def _missing_segmenters(self) -> list[str]:
        """Segmenters for which none of the known users has a live answer."""
        import grpc

        from strata.v1.segmentation_pb2 import ASSIGNMENT_SOURCE_LIVE, GetSegmentsRequest

        waiting = dict.fromkeys(self._settings.segmenters)
        for user in self._users:
            try:
                reply = self._stub.GetSegments(GetSegmentsRequest(user_id=user), timeout=CALL_S)
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
