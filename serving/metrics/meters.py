"""What is counted where: meters handed to the desk, the handlers and the log."""

from __future__ import annotations

import logging

import grpc
import numpy as np

from serving.domain.assignments import Answer, Column, LiveAnswer
from serving.domain.features import NO_WATERMARK
from serving.metrics.families import CODES, DEGRADATIONS, SOURCES
from serving.metrics.recorder import Recorder

_log = logging.getLogger("strata.gateway")


class MethodMeter:
    """Calls of one method: latency, codes, the time of making replies."""

    def __init__(self, recorder: Recorder, method: str) -> None:
        self._recorder, self._method = recorder, method
        self._seconds = recorder.histogram("strata_request_seconds", method)
        self._codes = {grpc.StatusCode[code]: recorder.position("strata_requests", method, code) for code in CODES}

    def ended(self, code: grpc.StatusCode, seconds: float) -> None:
        self._seconds.observe(seconds)
        self._recorder.add(self._codes[code])

    def failed(self, error: BaseException, request_id: str) -> None:
        _log.error("call failed", exc_info=error, extra={"fields": {"method": self._method, "request_id": request_id}})


class ReplyMeter:
    """The time of making one method's replies."""

    def __init__(self, recorder: Recorder, method: str) -> None:
        self.replied = recorder.histogram("strata_stage_seconds", method, "reply").observe


class AssignmentMeter:
    """Assignments by source and degradation, and the age of the features used."""

    def __init__(self, recorder: Recorder, versions: dict[str, str]) -> None:
        self._recorder = recorder
        self._live = {
            name: recorder.position("strata_assignments", name, version, "live", "none")
            for name, version in versions.items()
        }
        self._ages = {name: recorder.histogram("strata_feature_age_seconds", name) for name in versions}

    def answered(self, answer: Answer) -> None:
        for column in answer.columns:
            name = column.profile.name
            if column.all_live:
                self._recorder.add(self._live[name], len(answer.users))
            else:
                self._count_mixed(column)
            if column.rows is not None:
                watermark_us = int(column.rows.watermark_us[0])
                if watermark_us != NO_WATERMARK:
                    self._ages[name].observe(max(answer.as_of_us - watermark_us, 0) / 1e6)

    def answered_live(self, answer: LiveAnswer) -> None:
        for profile, _, _, row in answer.assignments:
            name = profile.name
            self._recorder.add(self._live[name])
            if row.watermark_us != NO_WATERMARK:
                self._ages[name].observe(max(answer.as_of_us - row.watermark_us, 0) / 1e6)

    def _count_mixed(self, column: Column) -> None:
        pairs = column.sources.astype(np.int64) * 16 + column.degradations
        for pair, count in zip(*np.unique(pairs, return_counts=True), strict=True):
            source, degradation = divmod(int(pair), 16)
            labels = (column.profile.name, column.profile.version, SOURCES[source - 1], DEGRADATIONS[degradation])
            self._recorder.add(self._recorder.position("strata_assignments", *labels), float(count))
