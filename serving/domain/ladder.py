"""The ladder: live, else last known, else the segmenter's declared fallback. Never an invented answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from serving.domain.assignments import Bytes, Column, Degradation, Source
from serving.domain.features import Bools, FeatureRows
from serving.domain.last_known import LastKnown
from serving.domain.questions import MAX_USERS
from serving.domain.segmenter import SegmenterProfile
from serving.ports import Scores
from strata.errors import SegmenterUnavailable

Outcome = Scores | SegmenterUnavailable | None
"""What scoring gave: scores of the rows that could be scored, a failure, or nothing to score."""


def _constant(value: int) -> Bytes:
    array = np.full(MAX_USERS, value, dtype=np.uint8)
    array.flags.writeable = False
    return array


_LIVE: Final = _constant(Source.LIVE)
_NO_DEGRADATION: Final = _constant(Degradation.NONE)
_NEVER: Final = np.zeros(MAX_USERS, dtype=np.int64)


def scorable(rows: FeatureRows) -> Bools | None:
    """Users a segmenter can be asked about; None when that is everyone."""
    if rows.damaged is not None:
        return rows.known & ~rows.damaged
    return None if rows.all_known else rows.known


def settle(
    profile: SegmenterProfile,
    users: Sequence[str],
    *,
    rows: FeatureRows | None,
    outcome: Outcome,
    last_known: LastKnown,
    at_us: int,
) -> Column:
    """One segmenter's column, whatever happened on the way. Live answers are remembered."""
    if rows is not None and isinstance(outcome, Scores) and len(outcome.scores) == len(users):
        last_known.remember(users, profile.key, outcome.segment_indexes, outcome.scores, at_us)
        return _all_live(profile, len(users), rows, outcome)
    column = _fallbacks(profile, users, rows, _reasons(len(users), rows, outcome))
    if rows is not None and isinstance(outcome, Scores):
        _fill_live(column, users, outcome, rows.known if rows.damaged is None else rows.known & ~rows.damaged)
        live = np.flatnonzero(column.sources == Source.LIVE).tolist()
        last_known.remember(
            [users[i] for i in live], profile.key, column.segment_indexes[live], column.scores[live], at_us
        )
    _fill_last_known(column, users, last_known)
    return column


def _all_live(profile: SegmenterProfile, count: int, rows: FeatureRows, scores: Scores) -> Column:
    return Column(
        profile=profile,
        segment_indexes=scores.segment_indexes,
        scores=scores.scores,
        sources=_LIVE[:count],
        degradations=_NO_DEGRADATION[:count],
        live_at_us=_NEVER[:count],
        rows=rows,
        all_live=True,
    )


def _reasons(count: int, rows: FeatureRows | None, outcome: Outcome) -> Bytes:
    """Why each user would not be live, before anyone is."""
    if rows is None:
        return np.full(count, Degradation.FEATURES_UNAVAILABLE, dtype=np.uint8)
    reason = Degradation.NONE
    if isinstance(outcome, SegmenterUnavailable):
        reason = Degradation.SEGMENTER_TIMEOUT if outcome.timed_out else Degradation.SEGMENTER_UNAVAILABLE
    reasons = np.where(rows.known, np.uint8(reason), np.uint8(Degradation.UNKNOWN_USER))
    if rows.damaged is not None:
        reasons[rows.damaged] = Degradation.FEATURES_UNAVAILABLE
    return reasons


def _fallbacks(profile: SegmenterProfile, users: Sequence[str], rows: FeatureRows | None, reasons: Bytes) -> Column:
    count = len(users)
    return Column(
        profile=profile,
        segment_indexes=np.full(count, profile.fallback_index, dtype=np.int32),
        scores=np.full(count, np.nan, dtype=np.float32),
        sources=np.full(count, Source.FALLBACK, dtype=np.uint8),
        degradations=reasons,
        live_at_us=np.zeros(count, dtype=np.int64),
        rows=rows,
        all_live=False,
    )


def _fill_live(column: Column, users: Sequence[str], scores: Scores, scored: Bools) -> None:
    column.segment_indexes[scored] = scores.segment_indexes
    column.scores[scored] = scores.scores
    column.sources[scored] = Source.LIVE
    column.degradations[scored] = Degradation.NONE


def _fill_last_known(column: Column, users: Sequence[str], last_known: LastKnown) -> None:
    """An unknown user is not remembered: what the store no longer knows must not come back from memory."""
    wanted = (column.sources == Source.FALLBACK) & (column.degradations != Degradation.UNKNOWN_USER)
    if not wanted.any():
        return
    memory = last_known.recall(users, column.profile.key)
    found = wanted & memory.found
    column.segment_indexes[found] = memory.segment_indexes[found]
    column.scores[found] = memory.scores[found]
    column.live_at_us[found] = memory.live_at_us[found]
    column.sources[found] = Source.LAST_KNOWN
