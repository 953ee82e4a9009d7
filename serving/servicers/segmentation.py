"""SegmentationService over the desks."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from serving.domain.assignments import LiveAnswer
from serving.domain.deadline import Deadline
from serving.domain.desk import SegmentationDesk
from serving.domain.failures import RequestInvalid, Violation
from serving.domain.questions import check_user, choose_segmenters, valid_positions
from serving.domain.routing import Group, Routing
from serving.domain.segmenter import SegmenterProfile
from serving.domain.single_desk import SingleDesk
from serving.domain.waits import together
from serving.servicers.batch_reply import BatchShape, to_batch_proto
from serving.servicers.live_reply import LivePieces, live_reply
from serving.servicers.mixed_reply import mixed_reply
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
    """The four methods of one release, on requests and replies alone: ids, deadlines and codes are `guarded`'s
    business, and another release is another object."""

    def __init__(
        self,
        *,
        single: SingleDesk,
        batch: SegmentationDesk,
        routing: Routing,
        live: Mapping[str, SegmenterProfile],
        clock: Clock,
        single_meter: ReplyMeter,
        batch_meter: ReplyMeter,
    ) -> None:
        """`single` and `batch` differ in what they are measured as. `live`: by name."""
        self._single, self._batch, self._clock = single, batch, clock
        self._single_meter, self._batch_meter = single_meter, batch_meter
        self._routing = routing
        served = {key: segmenter.profile for key, segmenter in batch.segmenters.items()}
        self._templates = {key: ReplyTemplates(profile) for key, profile in served.items()}
        self._pieces = {key: LivePieces(profile) for key, profile in served.items()}
        self._segmenters = {name: to_segmenter_proto(profile) for name, profile in live.items()}
        self._every = tuple(self._segmenters)

    async def get_segments(self, request: pb.GetSegmentsRequest, deadline: Deadline) -> bytes:
        """The reply comes serialised: see `live_reply`."""
        user = request.user_id
        check_user(user)
        named = request.segmenters
        names = choose_segmenters(named, self._segmenters) if named else self._every
        found = self._single.answer(user, self._routing.keys(names, user), deadline)
        answer = found if isinstance(found, LiveAnswer) else await found
        if isinstance(answer, LiveAnswer) and answer.reply:
            return answer.reply
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
        groups = self._routing.groups(names, sound)
        if len(groups) > 1:
            return await self._batch_of_versions(request, names, valid, groups, deadline)
        keys = groups[0].keys
        answer = await self._batch.answer(sound, keys, deadline) if sound else None
        began = time.perf_counter()
        as_of_us = answer.as_of_us if answer else self._clock.now_us()
        asked = BatchShape(keys, len(users), valid, request.include_scores, as_of_us)
        reply = to_batch_proto(answer, asked, self._templates)
        self._batch_meter.replied(time.perf_counter() - began)
        return reply

    async def _batch_of_versions(
        self,
        request: pb.BatchGetSegmentsRequest,
        names: tuple[str, ...],
        valid: Sequence[int] | None,
        groups: Sequence[Group],
        deadline: Deadline,
    ) -> pb.BatchGetSegmentsResponse:
        """While a canary runs: each group of users by its own versions, all at one instant."""
        at_us, asked = self._clock.now_us(), range(len(request.user_ids)) if valid is None else valid
        places = [[asked[position] for position in group.positions or ()] for group in groups]
        answers = await together(
            *(
                self._batch.answer([request.user_ids[place] for place in own], group.keys, deadline, at_us)
                for group, own in zip(groups, places, strict=True)
            )
        )
        began = time.perf_counter()
        replies = [
            to_batch_proto(
                answer,
                BatchShape(group.keys, len(request.user_ids), own, request.include_scores, at_us),
                self._templates,
            )
            for answer, group, own in zip(answers, groups, places, strict=True)
        ]
        reply = mixed_reply(replies, places, [self._segmenters[name].version for name in names])
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
