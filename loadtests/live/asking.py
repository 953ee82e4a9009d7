"""The segments of many users at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from strata.v1 import segmentation_pb2 as pb

BATCH: Final = 500
CALL_S: Final = 10.0
Segments = dict[tuple[str, str], str]
"""(user, segmenter) to the segment's key."""


def live_segments(ask: Any, users: Sequence[str]) -> Segments:
    """Those that are answered live. `ask`: a stub's BatchGetSegments. Raises grpc.RpcError."""
    found: Segments = {}
    for begin in range(0, len(users), BATCH):
        asked = users[begin : begin + BATCH]
        for column in ask(pb.BatchGetSegmentsRequest(user_ids=asked), timeout=CALL_S).columns:
            for user, source, index in zip(asked, column.sources, column.segment_indexes, strict=True):
                if source == pb.ASSIGNMENT_SOURCE_LIVE:
                    found[user, column.segmenter] = column.segments[index].key
    return found
