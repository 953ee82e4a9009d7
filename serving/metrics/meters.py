"""What is counted where: meters handed to the desk, the handlers and the log."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import grpc
import numpy as np

from serving.domain.assignments import Answer, Column, LiveAnswer
from serving.domain.features import NO_WATERMARK
from serving.domain.segmenter import SegmenterProfile
from serving.domain.step_notes import noted
from serving.metrics.families import CODES, DEGRADATIONS, SOURCES
from serving.metrics.recorder import Recorder
from strata.runtime.native_single import AnswerPlaces

_log = logging.getLogger("strata.gateway")


class MethodMeter:
    """Calls of one method: latency, codes, the time of making replies."""

    def __init__(self, recorder: Recorder, method: str) -> None:
        self._recorder, self._method = recorder, method
        self._seconds = recorder.histogram("strata_request_seconds", method)
        self._codes = {
            code: recorder.position("strata_requests", method, code.name if code.name in CODES else "UNKNOWN")
            for code in grpc.StatusCode
        }

    def ended(self, code: grpc.StatusCode, seconds: float) -> None:
        self._seconds.observe(seconds)
        self._recorder.add(self._codes[code])

    def failed(self, error: BaseException, request_id: str) -> None:
        _log.error("call failed", exc_info=error, extra={"fields": {"method": self._method, "request_id": request_id}})


class ReplyMeter:
    """The time of making one method's replies."""

    def __init__(self, recorder: Recorder, method: str) -> None:
        self.replied = noted("reply", recorder.histogram("strata_stage_seconds", method, "reply").observe)


class ScoreMeter:
    """The time one version takes to score for one method: of the method's stage, and of the version."""

    def __init__(self, recorder: Recorder, version: Recorder, method: str, profile: SegmenterProfile) -> None:
        """`version` is the recorder of that version."""
        self._stage = recorder.histogram("strata_stage_seconds", method, "score")
        self._version = version.histogram("strata_score_seconds", method, profile.name, profile.version)

    def scored(self, seconds: float) -> None:
        self._stage.observe(seconds)
        self._version.observe(seconds)


class AssignmentMeter:
    """Assignments by source and degradation, and the age of the features used."""

    def __init__(self, recorders: Mapping[SegmenterProfile, Recorder]) -> None:
        """`recorders`: of `version_families`, one per version served."""
        self._meters = {profile.key: _VersionMeter(profile, recorder) for profile, recorder in recorders.items()}

    def places(self, key: str) -> AnswerPlaces:
        """Where the kernel counts a version's live answers."""
        return self._meters[key].places()

    def answered(self, answer: Answer) -> None:
        for column in answer.columns:
            meter = self._meters[column.profile.key]
            if column.all_live:
                meter.live(len(answer.users))
            else:
                meter.mixed(column)
            if column.rows is not None:
                watermark_us = int(column.rows.watermark_us[0])
                if watermark_us != NO_WATERMARK:
                    meter.age(max(answer.as_of_us - watermark_us, 0) / 1e6)

    def answered_live(self, answer: LiveAnswer) -> None:
        for profile, _, _, row in answer.assignments:
            meter = self._meters[profile.key]
            meter.live(1.0)
            if row.watermark_us != NO_WATERMARK:
                meter.age(max(answer.as_of_us - row.watermark_us, 0) / 1e6)


class _VersionMeter:
    """What is counted about one version's answers."""

    def __init__(self, profile: SegmenterProfile, recorder: Recorder) -> None:
        self._recorder = recorder
        self._live = recorder.position("strata_assignments", profile.name, profile.version, "live", "none")
        self._ages = recorder.histogram("strata_feature_age_seconds", profile.name, profile.version)
        self.age = self._ages.observe

    def places(self) -> AnswerPlaces:
        return AnswerPlaces(self._recorder.counter(self._live), self._ages.place())

    def live(self, users: float) -> None:
        self._recorder.add(self._live, users)

    def mixed(self, column: Column) -> None:
        pairs = column.sources.astype(np.int64) * 16 + column.degradations
        for pair, count in zip(*np.unique(pairs, return_counts=True), strict=True):
            source, degradation = divmod(int(pair), 16)
            labels = (column.profile.name, column.profile.version, SOURCES[source - 1], DEGRADATIONS[degradation])
            self._recorder.add(self._recorder.position("strata_assignments", *labels), float(count))
