"""The one task that looks at watched users: soon after an event, at every tile edge, and in turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from serving.domain.assignments import Answer, Column, Degradation, Source
from serving.domain.deadline import Deadline
from serving.domain.desk import SegmentationDesk
from serving.domain.ending import end
from serving.domain.routing import Routing
from serving.domain.watch import Cause, Present, WatchList
from strata.clock import Clock

LOOK_USERS: Final = 250
"""Users looked at in one step: a few milliseconds of a worker."""
LOOK_S: Final = 1.0
PAUSE_S: Final = 0.002
"""Between steps, so that calls come first."""
SWEEP_S: Final = 30.0
"""Every watched user is looked at this often at least, however quiet."""
TICK_S: Final = 0.1
SWEEP_USERS_PER_S: Final = 2_000
Counted = Callable[[Cause, int], None]


class Looking(NamedTuple):
    """By whom users are looked at: one release's desk, and its versions."""

    desk: SegmentationDesk
    routing: Routing


class WatchRound:
    """Looks at due users with the desk callers are answered by, and tells the watchers."""

    def __init__(self, watched: WatchList, looking: Looking, clock: Clock, hop_us: int, counted: Counted) -> None:
        """`hop_us`: the shortest hop of any table: at its edges windows move on."""
        self._watched, self._looking, self._clock, self._hop_us, self._counted = (
            watched,
            looking,
            clock,
            hop_us,
            counted,
        )
        self._tasks: list[asyncio.Task[None]] = []

    def switch(self, looking: Looking, hop_us: int) -> None:
        """Look at users as another release does, at all of them again, and at the edges of its hop from now on."""
        self._looking, self._hop_us = looking, hop_us
        self._watched.released()

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._look()), asyncio.create_task(self._sweep())]

    async def stop(self) -> None:
        """End."""
        await end(*self._tasks)

    async def _look(self) -> None:
        while True:
            await self._watched.work.wait()
            due = self._watched.take_due(LOOK_USERS)
            if due:
                await self._look_at(due)
            await asyncio.sleep(PAUSE_S)

    async def _look_at(self, due: Mapping[str, Cause]) -> None:
        names = self._watched.wanted_by(due)
        if not names:
            return
        users = list(due)
        desk, routing = self._looking
        for group in routing.groups(names, users):
            own = users if group.positions is None else [users[position] for position in group.positions]
            answer = await desk.answer(own, group.keys, Deadline.after(LOOK_S))
            for position, user in enumerate(own):
                news = self._watched.tell(user, presents_of(answer, position), due[user])
                if news:
                    self._counted(due[user], news)

    async def _sweep(self) -> None:
        """Go round all watched users within SWEEP_S, and begin at once when a tile edge has passed."""
        edge, left, began = self._clock.now_us() // self._hop_us, list[str](), time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            now = self._clock.now_us() // self._hop_us
            if now != edge or (not left and time.monotonic() - began >= SWEEP_S):
                edge, began = now, time.monotonic()
                left = list(self._watched.users)
            batch, left = left[: int(SWEEP_USERS_PER_S * TICK_S)], left[int(SWEEP_USERS_PER_S * TICK_S) :]
            self._watched.sweep(batch)


def presents_of(answer: Answer, position: int) -> dict[str, Present]:
    """A user's segments where they are live, or the fallback of a user nobody knows; others are not told."""
    found = {}
    for column in answer.columns:
        source = int(column.sources[position])
        unknown = source == Source.FALLBACK and int(column.degradations[position]) == Degradation.UNKNOWN_USER
        if source == Source.LIVE or unknown:
            found[column.profile.name] = _present(column, position, scored=not unknown)
    return found


def _present(column: Column, position: int, *, scored: bool) -> Present:
    meaning = column.profile.vocabulary[int(column.segment_indexes[position])]
    score = float(column.scores[position]) if scored else None
    return Present(column.profile.name, column.profile.version, meaning.key, meaning.label, score)


def shortest_hop_us(hops_us: Sequence[int]) -> int:
    """The hop at whose edges values may change; an hour where nothing is windowed."""
    return min(hops_us, default=3_600_000_000)
