"""A connection: deadlines, and errors as sentences."""

from __future__ import annotations

import json
from typing import Any, Final

import grpc
from google.rpc import error_details_pb2, status_pb2

from strata.errors import StrataError


def _retry(service: str, codes: list[str]) -> dict[str, Any]:
    return {
        "name": [{"service": f"strata.v1.{service}"}],
        "retryPolicy": {
            "maxAttempts": 4,
            "initialBackoff": "0.02s",
            "maxBackoff": "0.3s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": codes,
        },
    }


# A read may be repeated, and a published event too: its id makes that harmless. RESOURCE_EXHAUSTED comes with the
# door's own delay, which gRPC keeps to.
SERVICE_CONFIG: Final[dict[str, Any]] = {
    "methodConfig": [
        _retry("SegmentationService", ["UNAVAILABLE"]),
        _retry("EventService", ["UNAVAILABLE", "RESOURCE_EXHAUSTED"]),
    ],
    # The budget of gRFC A6: a failed attempt takes one token of ten, an answer gives a tenth of one back, and with half
    # of them gone nothing is sent again. A server that is down or full hears one attempt a call, not four.
    "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
}
CALLER_KEY: Final = "x-strata-caller"
_DETAILS_KEY: Final = "grpc-status-details-bin"


class CallFailed(StrataError):
    """A call that was not answered."""

    def __init__(self, code: str, message: str, request_id: str, retry_after_s: float | None = None) -> None:
        self.code, self.request_id, self.retry_after_s = code, request_id, retry_after_s
        """`code` is gRPC's name, e.g. INVALID_ARGUMENT; `request_id` is empty when no server was reached;
        `retry_after_s` is what a full server asked for."""
        super().__init__(message)


def open_channel(target: str) -> Any:
    """A channel that connects when first asked."""
    options = [("grpc.service_config", json.dumps(SERVICE_CONFIG)), ("grpc.enable_http_proxy", 0)]
    return grpc.insecure_channel(target, options=options)


def call(target: str, method: Any, request: Any, timeout_s: float, caller: str = "") -> Any:
    """Call a unary method, as `caller` where it has a name. Raises CallFailed."""
    try:
        return method(request, timeout=timeout_s, metadata=((CALLER_KEY, caller),) if caller else None)
    except grpc.RpcError as error:
        raise explained(target, error) from None


def explained(target: str, error: Any) -> CallFailed:
    """A failed call as a sentence."""
    code, trailer = error.code(), dict(error.trailing_metadata() or ())
    identity = str(trailer.get("x-request-id", ""))
    return CallFailed(code.name, _sentence(target, code, error.details(), identity), identity, _delay_s(trailer))


def _sentence(target: str, code: grpc.StatusCode, details: str, request_id: str) -> str:
    if code is grpc.StatusCode.UNAVAILABLE and not request_id:
        return f"no gateway answers at {target}; start one with: strata up"
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"the gateway at {target} did not answer in time; call with more time"
    if code is grpc.StatusCode.CANCELLED and details in ("", code.name):  # the core says no more; who cancels here does
        return f"the gateway at {target} was too busy to begin the call; wait a little, then call again"
    return details


def _delay_s(trailer: dict[str, Any]) -> float | None:
    delay = error_details_pb2.RetryInfo()
    for detail in status_pb2.Status.FromString(trailer.get(_DETAILS_KEY, b"")).details:
        if detail.Unpack(delay):
            return float(delay.retry_delay.ToMilliseconds() / 1_000)
    return None
