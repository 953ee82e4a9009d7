"""From an answer about many users to BatchGetSegmentsResponse: numpy to repeated fields, no object per user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.domain.assignments import Answer, Column, Degradation, Source, UserStatus
from serving.domain.features import Bools
from serving.servicers.templates import ReplyTemplates
from serving.servicers.times import set_instant
from strata.v1 import segmentation_pb2 as pb


def to_batch_proto(
    answer: Answer | None,
    as_of_us: int,
    user_count: int,
    valid: Sequence[int] | None,
    include_scores: bool,
    templates: Mapping[str, ReplyTemplates],
    names: Sequence[str],
) -> pb.BatchGetSegmentsResponse:
    """The reply. `valid` maps the answer's users to positions of the request (None: the same); the rest is INVALID.

    `answer` is None when no user of the request is valid.
    """
    reply = pb.BatchGetSegmentsResponse()
    set_instant(reply.as_of, as_of_us)
    if answer is None:
        reply.user_statuses.extend([pb.USER_STATUS_INVALID] * user_count)
        for name in names:
            _add_empty(reply, templates[name], user_count, include_scores)
        return reply
    statuses = _statuses(answer)
    reply.user_statuses.extend(_spread(statuses, valid, user_count, UserStatus.INVALID).tolist())
    for column in answer.columns:
        _add_column(reply, column, templates[column.profile.name], statuses, valid, user_count, include_scores)
    _add_missing(reply, answer, valid, templates)
    return reply


def _statuses(answer: Answer) -> NDArray[np.uint8]:
    """Known when any asked segmenter's views know the user; unspecified when nobody could look."""
    count = len(answer.users)
    statuses = np.full(count, UserStatus.UNSPECIFIED, dtype=np.uint8)
    for column in answer.columns:
        if column.rows is not None:
            statuses[(statuses == UserStatus.UNSPECIFIED) & ~column.rows.known] = UserStatus.UNKNOWN
            statuses[column.rows.known] = UserStatus.KNOWN
    return statuses


def _add_column(
    reply: pb.BatchGetSegmentsResponse,
    column: Column,
    templates: ReplyTemplates,
    statuses: NDArray[np.uint8],
    valid: Sequence[int] | None,
    user_count: int,
    include_scores: bool,
) -> None:
    message = reply.columns.add()
    message.MergeFrom(templates.column)
    message.segment_indexes.extend(_spread(column.segment_indexes, valid, user_count, 0).tolist())
    message.sources.extend(_spread(column.sources, valid, user_count, 0).tolist())
    if include_scores:
        message.scores.extend(_spread(column.scores, valid, user_count, np.nan).tolist())
    if not column.all_live:
        message.degradation = _reason(column, statuses)


def _add_empty(
    reply: pb.BatchGetSegmentsResponse, templates: ReplyTemplates, user_count: int, include_scores: bool
) -> None:
    message = reply.columns.add()
    message.MergeFrom(templates.column)
    message.segment_indexes.extend([0] * user_count)
    message.sources.extend([pb.ASSIGNMENT_SOURCE_UNSPECIFIED] * user_count)
    if include_scores:
        message.scores.extend([float("nan")] * user_count)


def _reason(column: Column, statuses: NDArray[np.uint8]) -> Any:
    """Why known users are not live. The greatest number wins: a segmenter's failure tells more than a missing view."""
    known = (column.sources != Source.LIVE) & (statuses != UserStatus.UNKNOWN)
    return int(column.degradations[known].max()) if known.any() else int(Degradation.NONE)


def _spread(values: NDArray[Any], valid: Sequence[int] | None, user_count: int, filler: float) -> NDArray[Any]:
    """Values of valid users at their positions of the request."""
    if valid is None:
        return values
    spread = np.full(user_count, filler, dtype=values.dtype)
    spread[valid] = values
    return spread


def _add_missing(
    reply: pb.BatchGetSegmentsResponse,
    answer: Answer,
    valid: Sequence[int] | None,
    templates: Mapping[str, ReplyTemplates],
) -> None:
    lacking: dict[int, dict[str, None]] = {}
    for column in answer.columns:
        if column.rows is None:
            continue
        keys = templates[column.profile.name].keys
        for user, feature in _missing(column.rows.values, column.rows.known):
            lacking.setdefault(user, {})[keys[feature]] = None
    for user in sorted(lacking):
        reply.missing_features.add(user_index=user if valid is None else valid[user], features=list(lacking[user]))


def _missing(values: NDArray[np.float64], known: Bools) -> list[tuple[int, int]]:
    """(user, feature) of every missing value of known users."""
    users, features = (np.isnan(values) & known[:, None]).nonzero()
    return list(zip(users.tolist(), features.tolist(), strict=True))
