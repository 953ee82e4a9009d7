"""From an answer about many users to BatchGetSegmentsResponse: numpy to repeated fields, no object per user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.domain.assignments import Answer, Column, Degradation, Source, UserStatus
from serving.domain.features import Bools, FeatureRows
from serving.servicers.templates import ReplyTemplates
from serving.servicers.times import set_instant
from strata.v1 import segmentation_pb2 as pb


@dataclass(frozen=True, slots=True)
class BatchShape:
    """What was asked, as far as the shape of the reply goes."""

    keys: Sequence[str]
    """The versions asked."""
    user_count: int
    valid: Sequence[int] | None
    """Positions of the users an answer is about; None: all of them. The others are INVALID."""
    include_scores: bool
    as_of_us: int

    def spread(self, values: NDArray[Any], filler: float) -> list[Any]:
        """Values of the valid users at their positions of the request."""
        if self.valid is None:
            listed: list[Any] = values.tolist()
            return listed
        spread = np.full(self.user_count, filler, dtype=values.dtype)
        spread[list(self.valid)] = values
        listed = spread.tolist()
        return listed


def to_batch_proto(
    answer: Answer | None, shape: BatchShape, templates: Mapping[str, ReplyTemplates]
) -> pb.BatchGetSegmentsResponse:
    """The reply; `answer` is None when no user of the request is valid."""
    reply = pb.BatchGetSegmentsResponse()
    set_instant(reply.as_of, shape.as_of_us)
    if answer is None:
        reply.user_statuses.extend([pb.USER_STATUS_INVALID] * shape.user_count)
        for key in shape.keys:
            _add_empty(reply, templates[key], shape)
        return reply
    statuses = _statuses(answer)
    reply.user_statuses.extend(shape.spread(statuses, UserStatus.INVALID))
    for column in answer.columns:
        message = reply.columns.add()
        message.MergeFrom(templates[column.profile.key].column)
        _fill(message, column, shape)
        if not column.all_live:
            message.degradation = _reason(column, statuses)
    _add_missing(reply, answer, shape, templates)
    return reply


def _statuses(answer: Answer) -> NDArray[np.uint8]:
    """Known when any asked segmenter's views have a row of the user, damaged or not; unspecified when nobody looked."""
    statuses = np.full(len(answer.users), UserStatus.UNSPECIFIED, dtype=np.uint8)
    for column in answer.columns:
        if column.rows is not None:
            rows = column.rows
            known = rows.known if rows.damaged is None else rows.known | rows.damaged
            statuses[(statuses == UserStatus.UNSPECIFIED) & ~known] = UserStatus.UNKNOWN
            statuses[known] = UserStatus.KNOWN
    return statuses


def _fill(message: pb.AssignmentColumn, column: Column, shape: BatchShape) -> None:
    message.segment_indexes.extend(shape.spread(column.segment_indexes, 0))
    message.sources.extend(shape.spread(column.sources, 0))
    if shape.include_scores:
        message.scores.extend(shape.spread(column.scores, np.nan))


def _add_empty(reply: pb.BatchGetSegmentsResponse, templates: ReplyTemplates, shape: BatchShape) -> None:
    message = reply.columns.add()
    message.MergeFrom(templates.column)
    message.segment_indexes.extend([0] * shape.user_count)
    message.sources.extend([pb.ASSIGNMENT_SOURCE_UNSPECIFIED] * shape.user_count)
    if shape.include_scores:
        message.scores.extend([float("nan")] * shape.user_count)


def _reason(column: Column, statuses: NDArray[np.uint8]) -> Any:
    """Why known users are not live. The greatest number wins: a segmenter's failure tells more than a missing view."""
    known = (column.sources != Source.LIVE) & (statuses != UserStatus.UNKNOWN)
    return int(column.degradations[known].max()) if known.any() else int(Degradation.NONE)


def _add_missing(
    reply: pb.BatchGetSegmentsResponse, answer: Answer, shape: BatchShape, templates: Mapping[str, ReplyTemplates]
) -> None:
    columns = [column for column in answer.columns if column.rows is not None and not column.rows.complete]
    if not columns:
        return
    keys = [key for column in columns for key in templates[column.profile.key].keys]
    missing = np.concatenate([_missing(column.rows) for column in columns if column.rows is not None], axis=1)
    patterns = np.packbits(missing, axis=1)
    lacking: dict[bytes, list[int]] = {}  # users lack the same few sets of features: no profile, no coupons
    for user in np.flatnonzero(missing.any(axis=1)).tolist():
        lacking.setdefault(patterns[user].tobytes(), []).append(user)
    for users in lacking.values():
        # Segmenters share features: each is listed once.
        features = dict.fromkeys(keys[i] for i in missing[users[0]].nonzero()[0].tolist())
        positions = users if shape.valid is None else [shape.valid[user] for user in users]
        reply.missing_features.add(features=list(features), user_indexes=positions)


def _missing(rows: FeatureRows) -> Bools:
    """[n, f]; which values known users lack."""
    return np.isnan(rows.values) & rows.known[:, None]
