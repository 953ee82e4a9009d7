"""Around a gRPC handler: the call as the first step of this process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from strata.tracing.ports import Tracing

Request = TypeVar("Request")
Reply = TypeVar("Reply")

# What OpenTelemetry's conventions count as the server's failure; the others are the caller's business.
_FAILURES: Final = {
    2: "UNKNOWN",
    4: "DEADLINE_EXCEEDED",
    12: "UNIMPLEMENTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    15: "DATA_LOSS",
}


def traced_handler(
    service: str, method: str, handler: Callable[[Request, Any], Awaitable[Reply]], tracing: Tracing
) -> Callable[[Request, Any], Awaitable[Reply]]:
    """The handler of a unary method, traced where its caller or chance says so."""

    async def handle(request: Request, context: Any) -> Reply:
        step = tracing.call(service, method, context.invocation_metadata() or ())
        if step is None:
            return await handler(request, context)
        try:
            return await handler(request, context)
        finally:
            code = _number(context.code())
            step.note("rpc.grpc.status_code", code)
            step.end(_FAILURES.get(code, ""))

    return handle


def _number(code: Any) -> int:
    """Of a status code as gRPC keeps it: an enum's member whose value begins with it, or the number itself."""
    value = getattr(code, "value", code)
    return int(value[0] if isinstance(value, tuple) else value or 0)
