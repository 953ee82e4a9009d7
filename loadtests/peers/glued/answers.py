"""From features and model answers to the messages of SegmentationService."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from loadtests.peers.glued.schema import Schema
from strata.v1 import segmentation_pb2 as pb

Row = list[float | None]


class Answers:
    """Builds replies; `scores` are the BentoML service's answers, in row order."""

    def __init__(self, schema: Schema) -> None:
        self._features = schema.features
        self._manifests = {
            name: json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
            for name, folder in schema.packages.items()
        }
        self._segments = {
            name: [pb.Segment(**entry) for entry in manifest["vocabulary"]]
            for name, manifest in self._manifests.items()
        }
        self._inputs = {
            name: {f"{one['view']}:{one['name']}" for one in manifest["features"]}
            for name, manifest in self._manifests.items()
        }

    def listing(self) -> pb.ListSegmentersResponse:
        """Every segmenter, as far as a caller needs it."""
        return pb.ListSegmentersResponse(
            segmenters=[
                pb.Segmenter(name=name, version=self._manifests[name]["version"], segments=self._segments[name])
                for name in self._manifests
            ]
        )

    def single(self, user: str, row: Row, scores: dict[str, Any]) -> pb.GetSegmentsResponse:
        """One user's reply."""
        reply = pb.GetSegmentsResponse(user_id=user, as_of=_now())
        known = _known(row)
        for name, manifest in self._manifests.items():
            segment = self._segments[name][self._index(name, scores, 0, known)]
            one = reply.assignments.add(
                segmenter=name, version=manifest["version"], segment=segment.key, label=segment.label
            )
            if not known:
                one.source = pb.ASSIGNMENT_SOURCE_FALLBACK
                one.degradation = pb.DEGRADATION_REASON_UNKNOWN_USER
                continue
            one.score = scores[name]["scores"][0]
            one.source = pb.ASSIGNMENT_SOURCE_LIVE
            one.missing_features.extend(self._missing(row, self._inputs[name]))
            one.feature_age.seconds = 1
        return reply

    def batch(self, rows: Sequence[Row], scores: dict[str, Any]) -> pb.BatchGetSegmentsResponse:
        """A batch's reply, columnar like ours."""
        known = [_known(row) for row in rows]
        reply = pb.BatchGetSegmentsResponse(as_of=_now())
        reply.user_statuses.extend(pb.USER_STATUS_KNOWN if one else pb.USER_STATUS_UNKNOWN for one in known)
        for name, manifest in self._manifests.items():
            column = reply.columns.add(segmenter=name, version=manifest["version"], segments=self._segments[name])
            column.segment_indexes.extend(self._index(name, scores, i, one) for i, one in enumerate(known))
            column.sources.extend(pb.ASSIGNMENT_SOURCE_LIVE if one else pb.ASSIGNMENT_SOURCE_FALLBACK for one in known)
        lacking: dict[tuple[str, ...], list[int]] = {}
        for i, row in enumerate(rows):
            if known[i] and (missing := self._missing(row, None)):
                lacking.setdefault(tuple(missing), []).append(i)
        for features, users in lacking.items():
            reply.missing_features.add(features=features, user_indexes=users)
        return reply

    def _index(self, name: str, scores: dict[str, Any], position: int, known: bool) -> int:
        if known:
            return int(scores[name]["indexes"][position])
        keys = [segment.key for segment in self._segments[name]]
        return keys.index(self._manifests[name]["fallback_segment"])

    def _missing(self, row: Row, of: set[str] | None) -> list[str]:
        return [f for f, value in zip(self._features, row, strict=True) if value is None and (of is None or f in of)]


def _known(row: Row) -> bool:
    return any(value is not None for value in row)


def nan_to_none(value: float | None) -> float | None:
    """Feast gives None or NaN for what it lacks, by the way the row was written; JSON has only null."""
    return None if value is None or math.isnan(value) else value


def _now() -> Timestamp:
    now_ns = time.time_ns()
    return Timestamp(seconds=now_ns // 1_000_000_000, nanos=now_ns % 1_000_000_000 // 1_000 * 1_000)
