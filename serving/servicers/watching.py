"""WatchSegments: a client's stream over the worker's watch list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from serving.domain.failures import NotTracked, RequestInvalid, Violation, WatchBehind, WorkerFull, WorkerGoing
from serving.domain.questions import choose_segmenters, user_fault
from serving.domain.segmenter import SegmenterProfile
from serving.domain.watch import Change, Watcher, WatchFull, WatchList
from serving.servicers.resume_tokens import read_token, write_token
from serving.servicers.times import set_instant
from strata.clock import Clock
from strata.v1 import segmentation_pb2 as pb

MAX_WATCHED: Final = 10_000
CHANGES_A_MESSAGE: Final = 500
HEARTBEAT_S: Final = 10.0
GATHER_S: Final = 0.005
"""Changes found together are told together."""


class WatchMethod:
    """Serves WatchSegments until its client leaves or the worker goes."""

    def __init__(
        self,
        watched: WatchList,
        profiles: Mapping[str, SegmenterProfile],
        tracked: frozenset[str],
        clock: Clock,
    ) -> None:
        """`tracked`: segmenters all of whose users may be watched."""
        self._watched, self._profiles, self._tracked, self._clock = watched, profiles, tracked, clock

    def switch(self, profiles: Mapping[str, SegmenterProfile]) -> None:
        """Other versions of the same segmenters are live."""
        self._profiles = profiles

    async def watch(self, request: pb.WatchSegmentsRequest) -> AsyncIterator[pb.WatchSegmentsResponse]:
        """Messages for ever. Raises RequestInvalid, SegmenterNotFound, NotTracked and WorkerFull before the first,
        WorkerGoing and WatchBehind after any."""
        users = self._users(request)
        names = choose_segmenters(request.segmenters, self._profiles)
        if request.all_users:
            self._check_tracked(request, names)
        watcher = Watcher(names, None if request.all_users else frozenset(users))
        self._resume(watcher, request.resume_token, users)
        try:
            self._watched.add(watcher)
        except WatchFull:
            raise WorkerFull(len(self._watched)) from None
        try:
            while not self._watched.closed:
                message = await self._message(watcher, users)
                if watcher.behind:
                    raise WatchBehind(watcher.told_limit)
                yield message
            raise WorkerGoing
        finally:
            self._watched.remove(watcher)

    async def _message(self, watcher: Watcher, users: Sequence[str]) -> pb.WatchSegmentsResponse:
        try:
            await asyncio.wait_for(watcher.wake.wait(), HEARTBEAT_S)
            await asyncio.sleep(GATHER_S)
        except TimeoutError:
            pass
        changes, superseded = watcher.take(CHANGES_A_MESSAGE)
        message = pb.WatchSegmentsResponse(superseded=superseded)
        set_instant(message.as_of, self._clock.now_us())
        message.changes.extend(_to_proto(change) for change in changes)
        if watcher.users is not None and (not changes or self._watched.closed):
            versions = {name: self._profiles[name].version for name in watcher.segmenters}
            message.resume_token = write_token(users, versions, watcher.settled())
        return message

    def _resume(self, watcher: Watcher, token: bytes, users: Sequence[str]) -> None:
        found = read_token(token, users, watcher.segmenters) if token and watcher.users is not None else None
        if found is not None:
            told, versions = found
            watcher.told.update(told)
            watcher.resumed.update({key: versions[key[1]] for key in told})

    def _users(self, request: pb.WatchSegmentsRequest) -> list[str]:
        users = list(request.user_ids)
        if request.all_users:
            if users:
                raise RequestInvalid([Violation("user_ids", "must be empty with all_users")])
            return []
        if not 1 <= len(users) <= MAX_WATCHED:
            fault = f"holds {len(users)} users; 1 to {MAX_WATCHED} can be watched"
            raise RequestInvalid([Violation("user_ids", fault)])
        faults = [Violation(f"user_ids[{i}]", fault) for i, user in enumerate(users) if (fault := user_fault(user))]
        if not faults and len(set(users)) < len(users):
            faults = [Violation("user_ids", "names a user twice")]
        if faults:
            raise RequestInvalid(faults[:100])
        return users

    def _check_tracked(self, request: pb.WatchSegmentsRequest, names: Sequence[str]) -> None:
        if not request.segmenters:
            raise RequestInvalid([Violation("segmenters", "is empty; with all_users name the segmenters")])
        for name in names:
            if name not in self._tracked:
                raise NotTracked(name)


def _to_proto(change: Change) -> pb.SegmentChange:
    present = change.present
    message = pb.SegmentChange(
        user_id=change.user, segmenter=present.segmenter, version=present.version, previous_segment=change.previous,
        segment=present.segment, label=present.label, cause=int(change.cause),  # type: ignore[arg-type]
    )  # fmt: skip
    if present.score is not None:
        message.score = present.score
    return message
