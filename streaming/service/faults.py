"""The one table from errors to status codes and reasons, and what travels with them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from strata.errors import InputInvalid, LogFull, LogUnavailable, StrataError
from streaming.service.room import DoorFull

DOMAIN: Final = "strata"
DETAILS_KEY: Final = "grpc-status-details-bin"
PUSHBACK_KEY: Final = "grpc-retry-pushback-ms"
"""gRPC's own clients wait so long before a retry their service config allows (gRFC A6)."""


class Reason(StrEnum):
    """Why a call failed: the stable reasons of ErrorInfo. Callers may switch on them: never rename one."""

    INVALID_REQUEST = "INVALID_REQUEST"
    """The bytes are no request, or too many. What is wrong with one event never fails a call."""
    DOOR_FULL = "DOOR_FULL"
    """Too much is on its way; RetryInfo says when to come again."""
    LOG_FULL = "LOG_FULL"
    """The log takes no more just now; RetryInfo says when to come again."""
    LOG_UNAVAILABLE = "LOG_UNAVAILABLE"
    """The log cannot be written."""
    DEADLINE_EXPIRED = "DEADLINE_EXPIRED"
    """Not durable in time; it may become so."""
    SERVER_GOING = "SERVER_GOING"
    """The server is on its way out; another one, or this one later, goes on."""
    INTERNAL = "INTERNAL"
    """A defect of ours. Metadata: `request_id`, to report."""


class DeadlineExpired(StrataError):
    """The caller's time is up."""

    def __init__(self) -> None:
        super().__init__("the events were not durable before the deadline; they may be by now: repeat with more time")


class ServerGoing(StrataError):
    """The server stops; what was acknowledged is durable."""

    def __init__(self) -> None:
        super().__init__("the server is on its way out; send what was not acknowledged again")


# First match wins: the more special error stands first.
_TABLE: Final[tuple[tuple[type[Exception], grpc.StatusCode, Reason], ...]] = (
    (InputInvalid, grpc.StatusCode.INVALID_ARGUMENT, Reason.INVALID_REQUEST),
    (DoorFull, grpc.StatusCode.RESOURCE_EXHAUSTED, Reason.DOOR_FULL),
    (LogFull, grpc.StatusCode.RESOURCE_EXHAUSTED, Reason.LOG_FULL),
    (LogUnavailable, grpc.StatusCode.UNAVAILABLE, Reason.LOG_UNAVAILABLE),
    (ServerGoing, grpc.StatusCode.UNAVAILABLE, Reason.SERVER_GOING),
    (DeadlineExpired, grpc.StatusCode.DEADLINE_EXCEEDED, Reason.DEADLINE_EXPIRED),
)


@dataclass(frozen=True)
class Fault:
    """How a failed call ends."""

    code: grpc.StatusCode
    message: str
    trailer: tuple[tuple[str, str | bytes], ...]

    @property
    def is_ours(self) -> bool:
        """Whether it is a defect of this program and not a normal way for a call to end."""
        return self.code is grpc.StatusCode.INTERNAL


def to_fault(error: Exception, request_id: str) -> Fault:
    """The status of an error; one that is not in the table says nothing but the request id."""
    for kind, code, reason in _TABLE:
        if isinstance(error, kind):
            if isinstance(error, DoorFull | LogFull):
                return _fault(code, str(error), reason, {}, error.retry_after_s)
            return _fault(code, str(error), reason, {}, None)
    message = f"an internal error; report request id {request_id}"
    return _fault(grpc.StatusCode.INTERNAL, message, Reason.INTERNAL, {"request_id": request_id}, None)


def _fault(
    code: grpc.StatusCode, message: str, reason: Reason, metadata: dict[str, str], retry_after_s: float | None
) -> Fault:
    details: list[Message] = [error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata)]
    trailer: list[tuple[str, str | bytes]] = []
    if retry_after_s is not None:
        delay = Duration()
        delay.FromMilliseconds(max(1, round(retry_after_s * 1_000)))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
        trailer.append((PUSHBACK_KEY, str(delay.ToMilliseconds())))
    status = status_pb2.Status(code=code.value[0], message=message)
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    trailer.append((DETAILS_KEY, status.SerializeToString()))
    return Fault(code, message, tuple(trailer))
