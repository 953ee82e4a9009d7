"""One gateway, or one event door, as an object with methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self

from strata.client.calls import call, open_channel
from strata.client.events import Event, Published, to_published, to_request
from strata.client.explained import ExplainedCall, timed
from strata.client.publisher import Publisher, Refused
from strata.client.segments import SegmentBatch, SegmenterInfo, Segments, to_batch, to_segmenter, to_segments
from strata.v1 import event_pb2
from strata.v1 import segmentation_pb2 as pb
from strata.v1.event_pb2_grpc import EventServiceStub
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

CALL_S: Final = 1.0
BATCH_S: Final = 2.0
PUBLISH_S: Final = 5.0


def connect(
    target: str, *, call_s: float = CALL_S, batch_s: float = BATCH_S, publish_s: float = PUBLISH_S, caller: str = ""
) -> Client:
    """A client of the gateway at HOST:PORT. Connects when first asked; deadlines are defaults for each call.

    `caller` is the name under which the gateway counts its unary calls: letters, digits, `.`, `_` and `-`.
    """
    return Client(open_channel(target), target, call_s, batch_s, publish_s, caller=caller)


class Client:
    """See the package. Every method raises CallFailed, in a sentence, when it is not answered."""

    def __init__(
        self, channel: Any, target: str, call_s: float, batch_s: float, publish_s: float, *, caller: str = ""
    ) -> None:
        self._channel, self._target, self._caller = channel, target, caller
        self._call_s, self._batch_s, self._publish_s = call_s, batch_s, publish_s
        self._segments: Any = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
        self._events: Any = EventServiceStub(channel)  # type: ignore[no-untyped-call]

    def get_segments(self, user_id: str, *segmenters: str, timeout_s: float | None = None) -> Segments:
        """One user's assignments, by the named segmenters or all of them."""
        request = pb.GetSegmentsRequest(user_id=user_id, segmenters=segmenters)
        return to_segments(self._call(self._segments.GetSegments, request, timeout_s or self._call_s))

    def explain_segments(self, user_id: str, *segmenters: str, timeout_s: float | None = None) -> ExplainedCall:
        """`get_segments`, and where its time went. An ordinary call to the gateway, but for what telling costs.

        Raises TimingMissing when the gateway does not tell, TimingUnreadable when it is not understood.
        """
        request = pb.GetSegmentsRequest(user_id=user_id, segmenters=segmenters)
        return timed(
            self._target,
            self._segments.GetSegments,
            request,
            timeout_s or self._call_s,
            caller=self._caller,
            convert=to_segments,
        )

    def batch_get_segments(
        self,
        user_ids: Sequence[str],
        *segmenters: str,
        include_scores: bool = False,
        timeout_s: float | None = None,
    ) -> SegmentBatch:
        """The assignments of 1 to 1,000 users."""
        request = pb.BatchGetSegmentsRequest(user_ids=user_ids, segmenters=segmenters, include_scores=include_scores)
        return to_batch(user_ids, self._call(self._segments.BatchGetSegments, request, timeout_s or self._batch_s))

    def list_segmenters(self, *, timeout_s: float | None = None) -> tuple[SegmenterInfo, ...]:
        """Every segmenter served."""
        reply = self._call(self._segments.ListSegmenters, pb.ListSegmentersRequest(), timeout_s or self._call_s)
        return tuple(map(to_segmenter, reply.segmenters))

    def get_segmenter(self, name: str, *, timeout_s: float | None = None) -> SegmenterInfo:
        """One segmenter."""
        request = pb.GetSegmenterRequest(name=name)
        return to_segmenter(self._call(self._segments.GetSegmenter, request, timeout_s or self._call_s).segmenter)

    def publish(self, events: Sequence[Event | event_pb2.Event], *, timeout_s: float | None = None) -> Published:
        """Publish up to 1,000 events; returns once every accepted one is durable.

        Each event has its own outcome, and a bad one fails no other. After CallFailed some may be durable all the
        same: publish the same events again, their ids make that harmless. No events ask for the platform's time only.
        Raises InputInvalid for an event no message can hold, before anything is sent.
        """
        reply = self._call(self._events.PublishEvents, to_request(events), timeout_s or self._publish_s)
        return to_published(reply)

    def publisher(self, on_refused: Refused | None = None, *, patience_s: float = 60.0) -> Publisher:
        """A stream for many events, to be used in a `with` block; see Publisher."""
        return Publisher(self._events, self._target, on_refused, patience_s=patience_s)

    def close(self) -> None:
        """Let go of the connection."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, method: Callable[..., Any], request: Any, timeout_s: float) -> Any:
        return call(self._target, method, request, timeout_s, self._caller)
