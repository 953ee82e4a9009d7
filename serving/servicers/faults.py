"""The one table from errors to status codes and reasons, and what travels with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from serving.domain.failures import (
    DeadlineExpired,
    EventsUnavailable,
    NotTracked,
    Overloaded,
    ReleasePending,
    ReleaseRefused,
    RequestInvalid,
    WatchBehind,
    WorkerFull,
    WorkerGoing,
)
from serving.servicers.reasons import DOMAIN, Reason
from strata.errors import (
    AlreadyRunning,
    DefinitionInvalid,
    InputInvalid,
    PackageInvalid,
    SegmenterNotFound,
    SegmenterUnavailable,
    StoreUnavailable,
)
from strata.release.log import ReleaseMoved

DETAILS_KEY: Final = "grpc-status-details-bin"

# First match wins: the more special error stands first.
_TABLE: Final[tuple[tuple[type[Exception], grpc.StatusCode, Reason], ...]] = (
    (ReleaseMoved, grpc.StatusCode.ABORTED, Reason.RELEASE_MOVED),
    (InputInvalid, grpc.StatusCode.INVALID_ARGUMENT, Reason.INVALID_REQUEST),
    (SegmenterNotFound, grpc.StatusCode.NOT_FOUND, Reason.SEGMENTER_NOT_FOUND),
    (DeadlineExpired, grpc.StatusCode.DEADLINE_EXCEEDED, Reason.DEADLINE_EXPIRED),
    (EventsUnavailable, grpc.StatusCode.UNAVAILABLE, Reason.EVENTS_UNAVAILABLE),
    (NotTracked, grpc.StatusCode.FAILED_PRECONDITION, Reason.SEGMENTER_NOT_TRACKED),
    (Overloaded, grpc.StatusCode.RESOURCE_EXHAUSTED, Reason.OVERLOADED),
    (WorkerFull, grpc.StatusCode.RESOURCE_EXHAUSTED, Reason.WORKER_FULL),
    (WatchBehind, grpc.StatusCode.RESOURCE_EXHAUSTED, Reason.WATCH_BEHIND),
    (WorkerGoing, grpc.StatusCode.UNAVAILABLE, Reason.WORKER_GOING),
    (PackageInvalid, grpc.StatusCode.FAILED_PRECONDITION, Reason.PACKAGE_INVALID),
    (DefinitionInvalid, grpc.StatusCode.FAILED_PRECONDITION, Reason.REGISTRY_INVALID),
    (ReleaseRefused, grpc.StatusCode.FAILED_PRECONDITION, Reason.RELEASE_REFUSED),
    (ReleasePending, grpc.StatusCode.DEADLINE_EXCEEDED, Reason.RELEASE_PENDING),
    (AlreadyRunning, grpc.StatusCode.UNAVAILABLE, Reason.RELEASE_LOG_BUSY),
    (StoreUnavailable, grpc.StatusCode.UNAVAILABLE, Reason.STORE_UNAVAILABLE),
    (SegmenterUnavailable, grpc.StatusCode.UNAVAILABLE, Reason.SEGMENTER_UNAVAILABLE),
)


@dataclass(frozen=True)
class Fault:
    """How a failed call ends."""

    code: grpc.StatusCode
    message: str
    details: bytes
    """A serialised `google.rpc.Status`, for the trailer `grpc-status-details-bin`."""

    @property
    def is_ours(self) -> bool:
        """Whether it is a defect of this program and not a normal way for a call to end."""
        return self.code is grpc.StatusCode.INTERNAL


def to_fault(error: Exception, request_id: str) -> Fault:
    """The status of an error; one that is not in the table says nothing but the request id."""
    for kind, code, reason in _TABLE:
        if isinstance(error, kind):
            return _fault(code, str(error), reason, _metadata(error), _more(error))
    message = f"an internal error; report request id {request_id}"
    return _fault(grpc.StatusCode.INTERNAL, message, Reason.INTERNAL, {"request_id": request_id}, None)


def _fault(
    code: grpc.StatusCode, message: str, reason: Reason, metadata: dict[str, str], more: Message | None
) -> Fault:
    status = status_pb2.Status(code=code.value[0], message=message)
    for detail in (error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata), more):
        if detail is not None:
            packed = AnyMessage()
            packed.Pack(detail)
            status.details.append(packed)
    return Fault(code, message, status.SerializeToString())


def _metadata(error: Exception) -> dict[str, str]:
    if isinstance(error, ReleaseMoved):
        return {"serial": str(error.found)}
    if isinstance(error, ReleaseRefused | ReleasePending):
        return {"serial": str(error.serial)}
    if isinstance(error, NotTracked):
        return {"segmenter": error.segmenter}
    if isinstance(error, SegmenterNotFound | SegmenterUnavailable):
        return {"segmenter": error.name}
    if isinstance(error, Overloaded):
        return {"cause": error.cause}
    return {}


def _more(error: Exception) -> Message | None:
    if isinstance(error, WorkerFull | Overloaded):
        wait: Message = error_details_pb2.RetryInfo(retry_delay=to_span(error.retry_after_s))
        return wait
    return _violations(error)


def to_span(seconds: float) -> Duration:
    """Seconds as a protobuf Duration."""
    span = Duration()
    span.FromMicroseconds(round(seconds * 1e6))
    return span


def _violations(error: Exception) -> Message | None:
    if not isinstance(error, RequestInvalid):
        return None
    bad: Message = error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(field=each.field, description=each.fault)
            for each in error.violations
        ]
    )
    return bad
