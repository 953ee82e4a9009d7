"""Tracing by OpenTelemetry's SDK, sent to a collector by OTLP over gRPC. Import it only where there is one."""

from __future__ import annotations

import random
import threading
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Final, Self

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from strata.tracing.ports import Metadata
from strata.tracing.traceparent import TRACEPARENT, Parent, format_traceparent, parse_traceparent

EXPORT_S: Final = 2.0
"""How long a collector may take for a batch. Meanwhile 2,048 spans wait, more are dropped, and no caller waits."""
_at_hand: ContextVar[Span | None] = ContextVar("strata_span", default=None)


class OtelStep:
    """A Step that is a span; the one at hand until it ends."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self._token: Token[Span | None] = _at_hand.set(span)

    def note(self, key: str, value: str | int) -> None:
        self._span.set_attribute(key, value)

    def end(self, failure: str = "") -> None:
        _at_hand.reset(self._token)
        if failure:
            self._span.set_status(StatusCode.ERROR, failure)
        self._span.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end("" if kind is None else f"{kind.__name__}: {error}")


class OtelTracing:
    """A Tracing. Whether a call is traced is its caller's choice, and of those who made none `ratio` are.

    A call that is not traced touches nothing of the SDK, whose spans that record nothing cost 13 us a call; this costs
    1 us (2026-11).
    """

    def __init__(self, endpoint: str, ratio: float, service: str) -> None:
        """`service` is the name traces have this process under. Connects when there is something to send."""
        self._exporter = OTLPSpanExporter(
            endpoint, insecure=True, timeout=EXPORT_S,
            channel_options=(("grpc.enable_http_proxy", 0),),  # type: ignore[arg-type]  # gRPC takes numbers too
        )  # fmt: skip
        resource = Resource.create({"service.name": service})
        self._provider = TracerProvider(ALWAYS_ON, resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("strata")
        self._ratio, self._draw = ratio, random.Random()

    def call(self, service: str, method: str, metadata: Metadata) -> OtelStep | None:
        parent = _parent(metadata)
        if not (self._draw.random() < self._ratio if parent is None else parent.sampled):
            return None
        notes = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": method}
        context = Context() if parent is None else _context(parent)
        return OtelStep(self._tracer.start_span(f"{service}/{method}", context, SpanKind.SERVER, notes))

    def step(self, name: str, **notes: str | int) -> OtelStep | None:
        span = _at_hand.get()
        if span is None:
            return None
        return OtelStep(self._tracer.start_span(name, set_span_in_context(span, Context()), attributes=notes))

    def is_traced(self) -> bool:
        return _at_hand.get() is not None

    def headers(self) -> tuple[tuple[str, str], ...] | None:
        span = _at_hand.get()
        if span is None:
            return None
        here = span.get_span_context()
        return ((TRACEPARENT, format_traceparent(here.trace_id, here.span_id)),)

    def close(self, wait_s: float) -> None:
        # The SDK would wait half a minute for a collector that is not there.
        ending = threading.Thread(target=self._provider.shutdown, name="traces-end", daemon=True)
        ending.start()
        ending.join(wait_s)
        if ending.is_alive():
            self._exporter.shutdown()


def _parent(metadata: Metadata) -> Parent | None:
    for key, value in metadata:
        if key == TRACEPARENT:
            return parse_traceparent(value)
    return None


def _context(parent: Parent) -> Context:
    caller = SpanContext(parent.trace_id, parent.span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(caller), Context())
