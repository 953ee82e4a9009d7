"""A collector of traces: OTLP's own TraceService on a free port, keeping what it is sent."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, NamedTuple, Self

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as services
from opentelemetry.proto.trace.v1 import trace_pb2


class Received(NamedTuple):
    """One span, with ids as W3C writes them."""

    process: str
    name: str
    trace: str
    span: str
    parent: str
    notes: dict[str, Any]
    failed: str
    """What went wrong, if anything."""
    began_ns: int
    ended_ns: int


class TraceReceiver(services.TraceServiceServicer):
    """Started as a context."""

    def __init__(self) -> None:
        self.spans: list[Received] = []
        self._server = grpc.server(ThreadPoolExecutor(2))
        services.add_TraceServiceServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def Export(self, request: pb.ExportTraceServiceRequest, context: Any) -> pb.ExportTraceServiceResponse:  # noqa: N802
        for resource in request.resource_spans:
            process = _notes(resource.resource.attributes)["service.name"]
            self.spans += [_received(process, span) for scope in resource.scope_spans for span in scope.spans]
        return pb.ExportTraceServiceResponse()

    def wait_for(self, count: int, seconds: float = 20.0) -> list[Received]:
        """The spans, in order of their begin, once there are so many."""
        until_s = time.monotonic() + seconds
        while len(self.spans) < count and time.monotonic() < until_s:
            time.sleep(0.02)
        return sorted(self.spans, key=lambda span: span.began_ns)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop(None).wait()


def _received(process: str, span: trace_pb2.Span) -> Received:
    failed = span.status.message if span.status.code == trace_pb2.Status.STATUS_CODE_ERROR else ""
    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    times = (span.start_time_unix_nano, span.end_time_unix_nano)
    return Received(process, span.name, *ids, _notes(span.attributes), failed, *times)


def _notes(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
