"""Checks on replies. A fast wrong answer is no answer: it counts as an error, a degraded one as degraded."""

from __future__ import annotations

from collections.abc import Iterable

from strata.v1.segmentation_pb2 import (
    ASSIGNMENT_SOURCE_LIVE,
    USER_STATUS_KNOWN,
    Assignment,
    AssignmentColumn,
    BatchGetSegmentsRequest,
    BatchGetSegmentsResponse,
    DegradationReason,
    GetSegmentsRequest,
    GetSegmentsResponse,
    Segmenter,
)

CLOCK_SLACK_S = 5.0
"""Workers read one clock; a reply this much older than the first one means that it runs back."""


class ReplyWrong(Exception):
    """A reply that breaks the contract; the message is short, since errors are counted by it."""


class ReplyChecker:
    """Holds replies to what ListSegmenters promised when the run began."""

    def __init__(self, segmenters: Iterable[Segmenter]) -> None:
        self._vocabulary = {one.name: {segment.key for segment in one.segments} for one in segmenters}
        self._first_as_of: float | None = None
        if not self._vocabulary:
            raise ReplyWrong("no segmenter is served")

    def check(
        self,
        request: GetSegmentsRequest | BatchGetSegmentsRequest,
        reply: GetSegmentsResponse | BatchGetSegmentsResponse,
    ) -> str:
        """Why not every answer is live, in a word; empty when all are. Raises ReplyWrong when one is not an answer
        to the request."""
        self._check_clock(reply.as_of.seconds + reply.as_of.nanos / 1e9)
        if isinstance(request, GetSegmentsRequest) and isinstance(reply, GetSegmentsResponse):
            return self._check_single(request, reply)
        if isinstance(request, BatchGetSegmentsRequest) and isinstance(reply, BatchGetSegmentsResponse):
            return self._check_batch(request, reply)
        raise ReplyWrong("the reply is of another method")

    def _check_clock(self, as_of: float) -> None:
        if as_of <= 0:
            raise ReplyWrong("as_of is not set")
        if self._first_as_of is None:
            self._first_as_of = as_of
        if as_of < self._first_as_of - CLOCK_SLACK_S:
            raise ReplyWrong("as_of runs back")

    def _check_single(self, request: GetSegmentsRequest, reply: GetSegmentsResponse) -> str:
        if reply.user_id != request.user_id:
            raise ReplyWrong("the reply is for another user")
        self._check_names([one.segmenter for one in reply.assignments])
        for one in reply.assignments:
            self._check_assignment(one)
        stale = [one for one in reply.assignments if one.source != ASSIGNMENT_SOURCE_LIVE]
        return _reason(stale[0].degradation) if stale else ""

    def _check_assignment(self, one: Assignment) -> None:
        if one.segment not in self._vocabulary[one.segmenter]:
            raise ReplyWrong(f"{one.segmenter}: a segment outside its vocabulary")
        if one.source == ASSIGNMENT_SOURCE_LIVE and not (one.HasField("score") and 0 <= one.score <= 1):
            raise ReplyWrong(f"{one.segmenter}: a live answer without a score in [0, 1]")
        if not one.version or not one.source:
            raise ReplyWrong(f"{one.segmenter}: no version or no source")

    def _check_batch(self, request: BatchGetSegmentsRequest, reply: BatchGetSegmentsResponse) -> str:
        asked = len(request.user_ids)
        if len(reply.user_statuses) != asked:
            raise ReplyWrong("a batch reply of another length")
        self._check_names([column.segmenter for column in reply.columns])
        for column in reply.columns:
            self._check_column(column, asked)
        stale = [one for one in reply.columns if any(source != ASSIGNMENT_SOURCE_LIVE for source in one.sources)]
        if any(status != USER_STATUS_KNOWN for status in reply.user_statuses):
            return "UNKNOWN_USER"
        return _reason(stale[0].degradation) if stale else ""

    def _check_column(self, column: AssignmentColumn, asked: int) -> None:
        if len(column.segment_indexes) != asked or len(column.sources) != asked:
            raise ReplyWrong(f"{column.segmenter}: a column of another length")
        if not {segment.key for segment in column.segments} <= self._vocabulary[column.segmenter]:
            raise ReplyWrong(f"{column.segmenter}: a segment outside its vocabulary")
        if max(column.segment_indexes) >= len(column.segments):
            raise ReplyWrong(f"{column.segmenter}: a segment index outside its vocabulary")

    def _check_names(self, names: list[str]) -> None:
        if names != list(self._vocabulary):
            raise ReplyWrong("other segmenters than ListSegmenters names")


def _reason(degradation: DegradationReason) -> str:
    return DegradationReason.Name(degradation).removeprefix("DEGRADATION_REASON_")
