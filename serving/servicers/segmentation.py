"""SegmentationService over the desks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

from serving.domain.assignments import LiveAnswer
from serving.domain.deadline import Deadline
from serving.domain.desk import SegmentationDesk
from serving.domain.failures import RequestInvalid, Violation
from serving.domain.questions import check_user, choose_segmenters, valid_positions
from serving.domain.segmenter import SegmenterProfile
from serving.domain.single_desk import SingleDesk
from serving.servicers.batch_reply import BatchShape, to_batch_proto
from serving.servicers.live_reply import LivePieces, live_reply
from serving.servicers.segmenter_reply import to_segmenter_proto
from serving.servicers.single_reply import to_single_proto
from serving.servicers.templates import ReplyTemplates
from strata.clock import Clock
from strata.errors import SegmenterNotFound
from strata.v1 import segmentation_pb2 as pb


class ReplyMeter(Protocol):
    """Where the time of making a reply is counted."""

    def replied(self, seconds: float) -> None: ...


class SegmentationMethods:
    """The four methods, on requests and replies alone: ids, deadlines and codes are `guarded`'s business."""

    def __init__(
        self,
        *,
        single: SingleDesk,
        batch: SegmentationDesk,
        profiles: Mapping[str, SegmenterProfile],
        clock: Clock,
        single_meter: ReplyMeter,
        batch_meter: ReplyMeter,
    ) -> None:
        """`single` and `batch` differ in what they are measured as."""
        self._single, self._batch, self._clock = single, batch, clock
        self._single_meter, self._batch_meter = single_meter, batch_meter
        self._templates = {name: ReplyTemplates(profile) for name, profile in profiles.items()}
        self._pieces = {name: LivePieces(profile) for name, profile in profiles.items()}
        self._segmenters = {name: to_segmenter_proto(profile) for name, profile in profiles.items()}

    async def get_segments(self, request: pb.GetSegmentsRequest, deadline: Deadline) -> bytes:
        """The reply comes serialised: see `live_reply`."""
        user = request.user_id
        check_user(user)
        names = choose_segmenters(request.segmenters, self._segmenters)
        answer = await self._single.answer(user, names, deadline)
        began = time.perf_counter()
        if isinstance(answer, LiveAnswer):
            reply = live_reply(answer, self._pieces)
        else:
            reply = to_single_proto(answer, self._templates).SerializeToString()
        self._single_meter.replied(time.perf_counter() - began)
        return reply

    async def batch_get_segments(
        self, request: pb.BatchGetSegmentsRequest, deadline: Deadline
    ) -> pb.BatchGetSegmentsResponse:
        users = list(request.user_ids)
        valid = valid_positions(users)
        names = choose_segmenters(request.segmenters, self._segmenters)
        sound = users if valid is None else [users[position] for position in valid]
        answer = await self._batch.answer(sound, names, deadline) if sound else None
        began = time.perf_counter()
        as_of_us = answer.as_of_us if answer else self._clock.now_us()
        asked = BatchShape(names, len(users), valid, request.include_scores, as_of_us)
        reply = to_batch_proto(answer, asked, self._templates)
        self._batch_meter.replied(time.perf_counter() - began)
        return reply

    async def list_segmenters(self, request: pb.ListSegmentersRequest, deadline: Deadline) -> pb.ListSegmentersResponse:
        return pb.ListSegmentersResponse(segmenters=self._segmenters.values())

    async def get_segmenter(self, request: pb.GetSegmenterRequest, deadline: Deadline) -> pb.GetSegmenterResponse:
        if not request.name:
            raise RequestInvalid([Violation("name", "is empty; name a segmenter")])
        if request.name not in self._segmenters:
            raise SegmenterNotFound(request.name, list(self._segmenters))
        return pb.GetSegmenterResponse(segmenter=self._segmenters[request.name])
