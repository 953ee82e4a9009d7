"""A worker's watching, put together: the list, the round that looks at users, the notices that say at whom."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from serving.domain.ending import end
from serving.domain.segmenter import SegmenterProfile
from serving.domain.watch import Cause, WatchList
from serving.domain.watch_round import Looking, WatchRound
from serving.metrics.families import CAUSES
from serving.metrics.recorder import Recorder
from serving.servicers.watching import WatchMethod
from strata.changes import ChangeSubscriber
from strata.clock import Clock

MOST_USERS = 200_000
"""Places of users over all watches of a worker: about 100 MB. A watch of everybody takes 50,000 of them."""
MOST_WATCHERS = 500


class Watching:
    """Starts with its server and stops with it."""

    def __init__(
        self,
        looking: Looking,
        profiles: Mapping[str, SegmenterProfile],
        *,
        changes: ChangeSubscriber | None,
        clock: Clock,
        recorder: Recorder,
        hop_us: int,
        tracked: frozenset[str],
    ) -> None:
        self.watched = WatchList(MOST_USERS, MOST_WATCHERS)
        self.method = WatchMethod(self.watched, profiles, tracked, clock)
        self._positions = [recorder.position("strata_watch_changes", cause) for cause in CAUSES]
        self._recorder, self._changes = recorder, changes
        self._round = WatchRound(self.watched, looking, clock, hop_us, self._count)
        self._listening: asyncio.Task[None] | None = None

    def switch(self, looking: Looking, profiles: Mapping[str, SegmenterProfile], hop_us: int) -> None:
        """Another release is served: watchers are told what it changed."""
        self.method.switch(profiles)
        self._round.switch(looking, hop_us)

    def start(self) -> None:
        """Begin to listen and to look."""
        self._round.start()
        if self._changes is not None:
            self._listening = asyncio.create_task(self._listen(self._changes))

    async def stop(self) -> None:
        """End every watch, then listening and looking."""
        self.watched.close()
        await end(self._listening)
        await self._round.stop()

    async def _listen(self, changes: ChangeSubscriber) -> None:
        async for notice in changes.notices():
            if notice.is_gap:
                self.watched.sweep(self.watched.users)
            else:
                self.watched.changed(notice.users)

    def _count(self, cause: Cause, news: int) -> None:
        self._recorder.add(self._positions[cause - 1], news)
