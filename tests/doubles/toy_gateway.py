"""A SegmentationService whose answers can be computed in the head, behind a real gRPC server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

from strata.v1 import segmentation_pb2 as pb
from strata.v1.segmentation_pb2_grpc import SegmentationServiceServicer, add_SegmentationServiceServicer_to_server

SEGMENTS = ("even", "odd")
AS_OF_S = 1_512_000_000
REASON = pb.DEGRADATION_REASON_SEGMENTER_TIMEOUT


class ToyGateway(SegmentationServiceServicer):
    """One segmenter, `parity`: users of even length are "even". Faults are fields."""

    def __init__(self, delay_s: float = 0.0, degraded: bool = False, segment: str = "", fail: bool = False) -> None:
        self.delay_s, self.degraded, self.segment, self.fail = delay_s, degraded, segment, fail

    def assignment(self, user: str) -> pb.Assignment:
        segment = self.segment or SEGMENTS[len(user) % 2]
        if self.degraded:
            return pb.Assignment(
                segmenter="parity",
                version="1",
                segment=segment,
                source=pb.ASSIGNMENT_SOURCE_FALLBACK,
                degradation=REASON,
            )
        return pb.Assignment(
            segmenter="parity", version="1", segment=segment, score=0.5, source=pb.ASSIGNMENT_SOURCE_LIVE
        )

    def GetSegments(self, request: pb.GetSegmentsRequest, context: Any) -> pb.GetSegmentsResponse:  # noqa: N802
        self._suffer(context)
        reply = pb.GetSegmentsResponse(user_id=request.user_id, assignments=[self.assignment(request.user_id)])
        reply.as_of.seconds = AS_OF_S
        return reply

    def BatchGetSegments(self, request: pb.BatchGetSegmentsRequest, context: Any) -> pb.BatchGetSegmentsResponse:  # noqa: N802
        self._suffer(context)
        count = len(request.user_ids)
        source = pb.ASSIGNMENT_SOURCE_FALLBACK if self.degraded else pb.ASSIGNMENT_SOURCE_LIVE
        column = pb.AssignmentColumn(segmenter="parity", version="1", sources=[source] * count)
        column.degradation = REASON if self.degraded else pb.DEGRADATION_REASON_UNSPECIFIED
        column.segments.extend(pb.Segment(key=key) for key in SEGMENTS)
        column.segment_indexes.extend(len(user) % 2 for user in request.user_ids)
        reply = pb.BatchGetSegmentsResponse(user_statuses=[pb.USER_STATUS_KNOWN] * count, columns=[column])
        reply.as_of.seconds = AS_OF_S
        return reply

    def ListSegmenters(self, request: pb.ListSegmentersRequest, context: Any) -> pb.ListSegmentersResponse:  # noqa: N802
        one = pb.Segmenter(name="parity", version="1", segments=[pb.Segment(key=key) for key in SEGMENTS])
        return pb.ListSegmentersResponse(segmenters=[one])

    def _suffer(self, context: Any) -> None:
        time.sleep(self.delay_s)
        if self.fail:
            context.abort(grpc.StatusCode.UNAVAILABLE, "as told")


@contextmanager
def served(gateway: ToyGateway, threads: int = 16) -> Iterator[str]:
    """The address of `gateway` on a free loopback port."""
    server = grpc.server(ThreadPoolExecutor(threads))
    add_SegmentationServiceServicer_to_server(gateway, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()
