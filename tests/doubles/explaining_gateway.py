"""A ToyGateway that says of its time what it is told to say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from toy_gateway import ToyGateway

from strata.call_timing import EXPLAIN_KEY, TIMING_KEY, CallTiming, Step
from strata.client import ExplainedCall, Segments
from strata.client.segments import Assignment
from strata.v1 import segmentation_pb2 as pb


class ExplainingGateway(ToyGateway):
    """Sends the trailer to who asks for it."""

    def __init__(self, trailer: str) -> None:
        super().__init__()
        self.trailer = trailer

    def GetSegments(self, request: pb.GetSegmentsRequest, context: Any) -> pb.GetSegmentsResponse:  # noqa: N802
        if dict(context.invocation_metadata()).get(EXPLAIN_KEY) == "1":
            context.set_trailing_metadata(((TIMING_KEY, self.trailer),))
        return super().GetSegments(request, context)


def explained_call(
    *steps: Step, before_s: float = 0.001, handler_s: float = 0.01, after_s: float = 0.002, degraded: str = ""
) -> ExplainedCall:
    """A call whose times can be added in the head; the handler began at 100 s by the gateway's clock."""
    assignment = Assignment("tiers", "1", "low", "Low", None, "fallback" if degraded else "live", degraded)
    sent_s = 100.0 - before_s
    return ExplainedCall(
        Segments("ann", datetime(2017, 11, 30, tzinfo=UTC), (assignment,)),
        sent_s,
        100.0 + handler_s + after_s,
        CallTiming(100.0, handler_s, steps),
    )
