"""One reply to a batch of which a canary version answers a part, from the replies of each version's users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strata.v1 import segmentation_pb2 as pb


def mixed_reply(
    replies: Sequence[pb.BatchGetSegmentsResponse], places: Sequence[Sequence[int]], live: Sequence[str]
) -> pb.BatchGetSegmentsResponse:
    """`replies` have the same columns and one position per user of the whole batch, of which each answered for its own
    `places`; `live` is each column's live version."""
    count = len(replies[0].user_statuses)
    statuses = np.full(count, pb.USER_STATUS_INVALID, dtype=np.int64)
    for reply, own in zip(replies, places, strict=True):
        statuses[own] = np.array(reply.user_statuses)[own]
    merged = pb.BatchGetSegmentsResponse(as_of=replies[0].as_of)
    _extend(merged.user_statuses, statuses)
    for position, version in enumerate(live):
        merged.columns.append(_column([reply.columns[position] for reply in replies], places, version, count))
    _add_missing(merged, replies)
    return merged


def _column(
    columns: Sequence[pb.AssignmentColumn], places: Sequence[Sequence[int]], live: str, count: int
) -> pb.AssignmentColumn:
    ordered = sorted(columns, key=lambda column: column.version != live)
    merged = pb.AssignmentColumn(segmenter=ordered[0].segmenter, version=live)
    vocabulary: dict[str, int] = {}
    for column in ordered:  # the live version's words stand first, and where a client of one version expects them
        for segment in column.segments:
            if segment.key not in vocabulary:
                vocabulary[segment.key] = len(vocabulary)
                merged.segments.append(segment)
    indexes, sources = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    scores = np.full(count, np.nan, dtype=np.float32)
    by_canary: list[int] = []
    for column, own in zip(columns, places, strict=True):
        meaning = np.array([vocabulary[segment.key] for segment in column.segments])
        indexes[own] = meaning[np.array(column.segment_indexes)[own]]
        sources[own] = np.array(column.sources)[own]
        if column.scores:
            scores[own] = np.array(column.scores, dtype=np.float32)[own]
        if column.version != live:
            merged.canary_version = column.version
            by_canary += own
    _extend(merged.segment_indexes, indexes)
    _extend(merged.sources, sources)
    if any(column.scores for column in columns):
        merged.scores.extend(scores.tolist())
    merged.canary_user_indexes.extend(sorted(by_canary))
    reasons: Any = max(column.degradation for column in columns)
    merged.degradation = reasons
    return merged


def _extend(field: Any, values: NDArray[np.int64]) -> None:
    field.extend(values.tolist())


def _add_missing(merged: pb.BatchGetSegmentsResponse, replies: Sequence[pb.BatchGetSegmentsResponse]) -> None:
    lacking: dict[tuple[str, ...], list[int]] = {}
    for reply in replies:
        for missing in reply.missing_features:
            lacking.setdefault(tuple(missing.features), []).extend(missing.user_indexes)
    for features, users in lacking.items():
        merged.missing_features.add(features=features, user_indexes=sorted(users))
