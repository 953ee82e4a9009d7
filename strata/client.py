"""The typed client: ask a gateway, get plain Python back.

    with connect("127.0.0.1:7400") as client:
        for assignment in client.get_segments("1").assignments:
            print(assignment.segmenter, assignment.segment, assignment.score)

Synchronous and safe to share between threads. Every call has a deadline. A call that met no server (UNAVAILABLE) is
sent again while its deadline lasts: every method is read-only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Final, Self

import grpc

from strata.errors import StrataError
from strata.v1 import segmentation_pb2 as pb
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

CALL_S: Final = 1.0
BATCH_S: Final = 2.0
_RETRY: Final = {
    "methodConfig": [
        {
            "name": [{"service": "strata.v1.SegmentationService"}],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.02s",
                "maxBackoff": "0.3s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}


class CallFailed(StrataError):
    """A call that was not answered."""

    def __init__(self, code: str, message: str, request_id: str) -> None:
        self.code, self.request_id = code, request_id
        """`code` is gRPC's name, e.g. INVALID_ARGUMENT; `request_id` is empty when no server was reached."""
        super().__init__(message)


@dataclass(frozen=True)
class Assignment:
    """One segmenter's answer for one user. See strata/v1/segmentation.proto for what the fields promise."""

    segmenter: str
    version: str
    segment: str
    label: str
    score: float | None
    source: str
    """`live`, `last_known` or `fallback`."""
    degradation: str
    """Why it is not live, e.g. `unknown_user`; empty when it is."""
    missing_features: tuple[str, ...] = ()
    feature_age: timedelta | None = None
    last_known_age: timedelta | None = None


@dataclass(frozen=True)
class Segments:
    """One user's assignments."""

    user_id: str
    as_of: datetime
    assignments: tuple[Assignment, ...]

    def __getitem__(self, segmenter: str) -> Assignment:
        """The assignment of one segmenter. Raises KeyError."""
        for assignment in self.assignments:
            if assignment.segmenter == segmenter:
                return assignment
        raise KeyError(segmenter)


@dataclass(frozen=True)
class SegmentColumn:
    """One segmenter's answers for a batch; position i is user i of the question."""

    segmenter: str
    version: str
    segments: tuple[str | None, ...]
    """Segment keys; None where the user id was invalid."""
    scores: tuple[float, ...]
    """NaN for fallbacks; empty unless asked for."""
    sources: tuple[str, ...]
    degradation: str


@dataclass(frozen=True)
class SegmentBatch:
    """Many users' answers."""

    user_ids: tuple[str, ...]
    as_of: datetime
    statuses: tuple[str, ...]
    """`known`, `unknown`, `invalid`, or `unspecified` when the store could not be read."""
    columns: tuple[SegmentColumn, ...]
    missing_features: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """By position in `user_ids`."""


@dataclass(frozen=True)
class SegmenterInfo:
    """What a segmenter is."""

    name: str
    version: str
    description: str
    segments: tuple[tuple[str, str, str], ...]
    """(key, label, description)."""
    fallback_segment: str
    score_meaning: str
    feature_service: str
    features: tuple[str, ...]
    placement: str


def connect(target: str, *, call_s: float = CALL_S, batch_s: float = BATCH_S) -> Client:
    """A client of the gateway at HOST:PORT. Connects when first asked; deadlines are defaults for each call."""
    options = [("grpc.service_config", json.dumps(_RETRY)), ("grpc.enable_http_proxy", 0)]
    return Client(grpc.insecure_channel(target, options=options), target, call_s, batch_s)


class Client:
    """See the module. Every method raises CallFailed, in a sentence, when it is not answered."""

    def __init__(self, channel: Any, target: str, call_s: float, batch_s: float) -> None:
        self._channel, self._target, self._call_s, self._batch_s = channel, target, call_s, batch_s
        self._stub: Any = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]

    def get_segments(self, user_id: str, *segmenters: str, timeout_s: float | None = None) -> Segments:
        """One user's assignments, by the named segmenters or all of them."""
        request = pb.GetSegmentsRequest(user_id=user_id, segmenters=segmenters)
        reply = self._call(self._stub.GetSegments, request, timeout_s or self._call_s)
        return Segments(reply.user_id, _instant(reply.as_of), tuple(map(_assignment, reply.assignments)))

    def batch_get_segments(
        self,
        user_ids: Sequence[str],
        *segmenters: str,
        include_scores: bool = False,
        timeout_s: float | None = None,
    ) -> SegmentBatch:
        """The assignments of 1 to 1,000 users."""
        request = pb.BatchGetSegmentsRequest(user_ids=user_ids, segmenters=segmenters, include_scores=include_scores)
        reply = self._call(self._stub.BatchGetSegments, request, timeout_s or self._batch_s)
        return SegmentBatch(
            tuple(user_ids),
            _instant(reply.as_of),
            tuple(_word(pb.UserStatus, status) or "unspecified" for status in reply.user_statuses),
            tuple(map(_column, reply.columns)),
            {user: tuple(each.features) for each in reply.missing_features for user in each.user_indexes},
        )

    def list_segmenters(self, *, timeout_s: float | None = None) -> tuple[SegmenterInfo, ...]:
        """Every segmenter served."""
        reply = self._call(self._stub.ListSegmenters, pb.ListSegmentersRequest(), timeout_s or self._call_s)
        return tuple(map(_segmenter, reply.segmenters))

    def get_segmenter(self, name: str, *, timeout_s: float | None = None) -> SegmenterInfo:
        """One segmenter."""
        reply = self._call(self._stub.GetSegmenter, pb.GetSegmenterRequest(name=name), timeout_s or self._call_s)
        return _segmenter(reply.segmenter)

    def close(self) -> None:
        """Let go of the connection."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, method: Any, request: Any, timeout_s: float) -> Any:
        try:
            return method(request, timeout=timeout_s)
        except grpc.RpcError as error:
            code = error.code()
            trailer = dict(error.trailing_metadata() or ())
            identity = str(trailer.get("x-request-id", ""))
            raise CallFailed(code.name, self._sentence(code, error.details(), identity), identity) from None

    def _sentence(self, code: grpc.StatusCode, details: str, request_id: str) -> str:
        if code is grpc.StatusCode.UNAVAILABLE and not request_id:
            return f"no gateway answers at {self._target}; start one with: strata up"
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return f"the gateway at {self._target} did not answer in time; call with more time"
        return details


def _assignment(message: pb.Assignment) -> Assignment:
    return Assignment(
        segmenter=message.segmenter,
        version=message.version,
        segment=message.segment,
        label=message.label,
        score=message.score if message.HasField("score") else None,
        source=_word(pb.AssignmentSource, message.source),
        degradation=_word(pb.DegradationReason, message.degradation),
        missing_features=tuple(message.missing_features),
        feature_age=_span(message.feature_age) if message.HasField("feature_age") else None,
        last_known_age=_span(message.last_known_age) if message.HasField("last_known_age") else None,
    )


def _column(message: pb.AssignmentColumn) -> SegmentColumn:
    keys = [segment.key for segment in message.segments]
    return SegmentColumn(
        segmenter=message.segmenter,
        version=message.version,
        segments=tuple(
            keys[index] if source else None
            for index, source in zip(message.segment_indexes, message.sources, strict=True)
        ),
        scores=tuple(message.scores),
        sources=tuple(_word(pb.AssignmentSource, source) for source in message.sources),
        degradation=_word(pb.DegradationReason, message.degradation),
    )


def _segmenter(message: pb.Segmenter) -> SegmenterInfo:
    return SegmenterInfo(
        name=message.name,
        version=message.version,
        description=message.description,
        segments=tuple((each.key, each.label, each.description) for each in message.segments),
        fallback_segment=message.fallback_segment,
        score_meaning=_word(pb.ScoreMeaning, message.score_meaning),
        feature_service=message.feature_service,
        features=tuple(message.features),
        placement=_word(pb.Placement, message.placement),
    )


def _word(enum: Any, number: int) -> str:
    """`live` for ASSIGNMENT_SOURCE_LIVE, nothing for UNSPECIFIED; a number this client does not know, as it is."""
    if not number:
        return ""
    try:
        name: str = enum.Name(number)
    except ValueError:
        return str(number)
    return name.removeprefix(_prefix(enum)).lower()


def _prefix(enum: Any) -> str:
    zero: str = enum.Name(0)
    return zero.removesuffix("UNSPECIFIED")


def _instant(message: Any) -> datetime:
    moment: datetime = message.ToDatetime(tzinfo=UTC)
    return moment


def _span(message: Any) -> timedelta:
    span: timedelta = message.ToTimedelta()
    return span


__all__ = [
    "Assignment",
    "CallFailed",
    "Client",
    "SegmentBatch",
    "SegmentColumn",
    "SegmenterInfo",
    "Segments",
    "connect",
]
