"""Answers about segments as plain, frozen objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from strata.client.words import to_instant, to_span, word_of
from strata.v1 import segmentation_pb2 as pb


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


def to_segments(message: pb.GetSegmentsResponse) -> Segments:
    """One user's reply."""
    return Segments(message.user_id, to_instant(message.as_of), tuple(map(to_assignment, message.assignments)))


def to_batch(user_ids: Sequence[str], message: pb.BatchGetSegmentsResponse) -> SegmentBatch:
    """Many users' reply."""
    return SegmentBatch(
        tuple(user_ids),
        to_instant(message.as_of),
        tuple(word_of(pb.UserStatus, status) or "unspecified" for status in message.user_statuses),
        tuple(map(to_column, message.columns)),
        {user: tuple(each.features) for each in message.missing_features for user in each.user_indexes},
    )


def to_assignment(message: pb.Assignment) -> Assignment:
    return Assignment(
        segmenter=message.segmenter,
        version=message.version,
        segment=message.segment,
        label=message.label,
        score=message.score if message.HasField("score") else None,
        source=word_of(pb.AssignmentSource, message.source),
        degradation=word_of(pb.DegradationReason, message.degradation),
        missing_features=tuple(message.missing_features),
        feature_age=to_span(message.feature_age) if message.HasField("feature_age") else None,
        last_known_age=to_span(message.last_known_age) if message.HasField("last_known_age") else None,
    )


def to_column(message: pb.AssignmentColumn) -> SegmentColumn:
    keys = [segment.key for segment in message.segments]
    return SegmentColumn(
        segmenter=message.segmenter,
        version=message.version,
        segments=tuple(
            keys[index] if source else None
            for index, source in zip(message.segment_indexes, message.sources, strict=True)
        ),
        scores=tuple(message.scores),
        sources=tuple(word_of(pb.AssignmentSource, source) for source in message.sources),
        degradation=word_of(pb.DegradationReason, message.degradation),
    )


def to_segmenter(message: pb.Segmenter) -> SegmenterInfo:
    return SegmenterInfo(
        name=message.name,
        version=message.version,
        description=message.description,
        segments=tuple((each.key, each.label, each.description) for each in message.segments),
        fallback_segment=message.fallback_segment,
        score_meaning=word_of(pb.ScoreMeaning, message.score_meaning),
        feature_service=message.feature_service,
        features=tuple(message.features),
        placement=word_of(pb.Placement, message.placement),
    )
