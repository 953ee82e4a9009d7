"""A segmenter scored by a Bento worker over gRPC."""

from __future__ import annotations

from typing import Any, Final

import grpc
import numpy as np

from serving.adapters.remote_package import RemotePackage
from serving.domain.deadline import Deadline
from serving.domain.features import Floats
from serving.domain.segmenter import SegmenterProfile
from serving.ports import RowScore, Scores
from strata.errors import SegmenterUnavailable
from strata.tracing import Tracing
from strata.v1 import segmenter_pb2 as pb
from strata.v1.segmenter_pb2_grpc import SegmenterServiceStub

# Less than this is not worth a call: the answer would come too late to be given.
LEAST_CALL_S: Final = 0.0005


class RemoteSegmenter:
    """Asks only a server seen to serve exactly this package. A caller that leaves cancels its own call alone."""

    waits = True

    def __init__(
        self, profile: SegmenterProfile, channel: Any, package: RemotePackage, tracing: Tracing | None = None
    ) -> None:
        """`tracing`: where a trace is to go on at the other end."""
        self.profile, self._tracing = profile, tracing
        self._package = package
        self._score = SegmenterServiceStub(channel).Score  # type: ignore[no-untyped-call]
        self._head = (profile.name, profile.version, profile.schema_fingerprint)

    async def score(self, values: Floats, deadline: Deadline) -> Scores:
        await self._package.checked(deadline)
        left = deadline.for_segmenter_s()
        if left < LEAST_CALL_S:
            raise SegmenterUnavailable(self.profile.name, "no time was left to ask it", timed_out=True)
        try:
            headers = None if self._tracing is None else self._tracing.headers()
            reply = await self._score(self._request(values), timeout=left, metadata=headers)
        except grpc.aio.AioRpcError as error:
            raise self._explained(error) from None
        except grpc.aio.UsageError:  # the channel is closed: the drain is over
            raise SegmenterUnavailable(self.profile.name, "this gateway is ending") from None
        return self._scores(reply, len(values))

    def score_row(self, row: Floats) -> RowScore:
        raise SegmenterUnavailable(self.profile.name, "it is across a network and cannot answer at once")

    def _request(self, values: Floats) -> pb.ScoreRequest:
        name, version, fingerprint = self._head
        return pb.ScoreRequest(
            segmenter=name,
            version=version,
            schema_fingerprint=fingerprint,
            row_count=len(values),
            values=values.astype("<f8", copy=False).tobytes(),
        )

    def _scores(self, reply: pb.ScoreResponse, count: int) -> Scores:
        indexes = np.array(reply.segment_indexes, dtype=np.int32)
        scores = np.array(reply.scores, dtype=np.float32)
        if len(indexes) != count or len(scores) != count or int(indexes.max()) >= len(self.profile.vocabulary):
            raise SegmenterUnavailable(self.profile.name, "its reply does not fit the request")
        return Scores(indexes, scores)

    def _explained(self, error: grpc.aio.AioRpcError) -> SegmenterUnavailable:
        code = error.code()
        if code is grpc.StatusCode.FAILED_PRECONDITION:
            self._package.doubt()
        timed_out = code is grpc.StatusCode.DEADLINE_EXCEEDED
        return SegmenterUnavailable(self.profile.name, f"its server said {code.name}", timed_out=timed_out)
