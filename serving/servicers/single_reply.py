"""From an answer about one user to GetSegmentsResponse."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from serving.domain.assignments import Answer, Column, Degradation, Source
from serving.domain.features import NO_WATERMARK
from serving.servicers.templates import ReplyTemplates
from serving.servicers.times import set_instant, set_span
from strata.v1 import segmentation_pb2 as pb


def to_single_proto(answer: Answer, templates: Mapping[str, ReplyTemplates]) -> pb.GetSegmentsResponse:
    """The reply; assignments in the order of the answer's columns."""
    reply = pb.GetSegmentsResponse(user_id=answer.users[0])
    set_instant(reply.as_of, answer.as_of_us)
    for column in answer.columns:
        _add(reply, column, templates[column.profile.key], answer.as_of_us)
    return reply


def _add(reply: pb.GetSegmentsResponse, column: Column, templates: ReplyTemplates, as_of_us: int) -> None:
    assignment = reply.assignments.add()
    assignment.MergeFrom(templates.assignments[column.segment_indexes.item(0)])
    if column.all_live:
        assignment.source = pb.ASSIGNMENT_SOURCE_LIVE
        assignment.score = column.scores.item(0)
    else:
        _set_degraded(assignment, column, as_of_us)
    rows = column.rows
    if rows is None or (not column.all_live and column.degradations[0] == Degradation.UNKNOWN_USER):
        return
    watermark_us = rows.watermark_us.item(0)
    if watermark_us != NO_WATERMARK:
        set_span(assignment.feature_age, as_of_us - watermark_us)
    if not rows.complete:
        missing = np.isnan(rows.values[0]).nonzero()[0].tolist()
        assignment.missing_features.extend([templates.keys[i] for i in missing])


def _set_degraded(assignment: pb.Assignment, column: Column, as_of_us: int) -> None:
    source = int(column.sources[0])
    assignment.source = source  # type: ignore[assignment] # the domain's numbers are the contract's
    assignment.degradation = int(column.degradations[0])  # type: ignore[assignment]
    if source != Source.FALLBACK:
        assignment.score = column.scores[0]
    if source == Source.LAST_KNOWN:
        set_span(assignment.last_known_age, as_of_us - int(column.live_at_us[0]))
