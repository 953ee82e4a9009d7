"""Keeps one worker at the newest release: loads it beside the old, rehearses, switches between two calls, lets the old
one drain. What cannot be taken up is reported, and tried again; until then the old release answers."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from serving.composition import Composition, Parts
from serving.domain.ending import end
from serving.domain.segmenter import SegmenterProfile
from serving.ports import Segmenter
from serving.releases.applied import Applied, write_applied
from serving.releases.lineup import Lineup
from serving.releases.rehearsal import rehearse
from strata.errors import StrataError
from strata.registry.catalog import Catalog
from strata.release import Entry, ReleaseLog

LOOK_S: Final = 0.1
RETRY_S: Final = 5.0
DRAIN_S: Final = 10.0
"""A call that began with a version asks it no longer than this after another took its place."""
_log = logging.getLogger("strata.gateway")


class VersionLog(Protocol):
    """A prediction log that has to know the versions it will be given."""

    def serve(self, profiles: Sequence[SegmenterProfile]) -> None: ...


class Defined(Protocol):
    """What `Definitions` does."""

    async def now(self) -> Catalog: ...


class ReleaseFollower:
    """Runs on a worker's loop, from `start` to `stop`."""

    def __init__(
        self,
        log: ReleaseLog,
        lineup: Lineup,
        composition: Composition,
        *,
        parts: Parts,
        entry: Entry,
        place: tuple[Path, int],
        definitions: Defined,
        predictions: VersionLog,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`parts` are those of `entry`, which is served already; `place` is where this worker, by number, reports."""
        self._log, self._lineup, self._composition = log, lineup, composition
        self._parts, self._entry, self._place = parts, entry, place
        self._definitions, self._predictions, self._monotonic = definitions, predictions, monotonic
        self._mark: tuple[int, int] = (-1, -1)
        self._refused = Applied(place[1], 0)
        self._retry_s = math.inf
        """When to look again though nothing has changed: after a release that could not be taken up."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._following: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to follow."""
        if self._parts.shadowing is not None:
            self._parts.shadowing.start()
        self._report()
        self._following = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stay with what is served."""
        await end(self._following, *self._tasks)
        if self._parts.shadowing is not None:
            await self._parts.shadowing.stop()

    async def look(self) -> None:
        """Take up what is new, if anything is: another release, or where versions of the served one are by now.

        A new release comes first, and asks versions where they are; what was refused waits until it is due.
        """
        mark, due = self._log.mark(), self._monotonic() >= self._retry_s
        changed = mark != self._mark
        if changed or due:
            self._mark, self._retry_s = mark, math.inf
        elif self._retry_s < math.inf:
            return
        if not changed and self._lineup.moved():
            await self._take_up(self._entry)
        if changed or due:
            entry = self._log.newest()
            if entry is not None and entry.release.serial != self._entry.release.serial:
                await self._take_up(entry)

    async def _follow(self) -> None:
        """Look again and again; a release that is being prepared is left when there is a newer one."""
        while True:
            looking = asyncio.create_task(self._look_safely())
            try:
                while not looking.done():
                    await asyncio.wait({looking}, timeout=LOOK_S)
                    if not looking.done() and self._moved():
                        break
            finally:
                await end(looking)
            await asyncio.sleep(LOOK_S)

    def _moved(self) -> bool:
        try:
            return self._log.mark() != self._mark
        except OSError:
            return False  # whoever looks next says so, and goes on

    async def _look_safely(self) -> None:
        try:
            await self.look()
        except Exception:  # a defect here must not keep this worker from every release to come
            _log.exception("following releases failed")
            self._retry_s = self._monotonic() + RETRY_S

    async def _take_up(self, entry: Entry) -> None:
        """Another release by the definitions of now; the served one, asked elsewhere, by those it is served by."""
        base = self._parts
        try:
            if entry is not self._entry:
                base = replace(base, catalog=await self._definitions.now())
            parts = await self._lineup.parts(entry.release, base, patiently=True)
            fresh = [each for key, each in parts.served.items() if key not in self._parts.served]
            users = await rehearse(parts, fresh, self._composition.last_known, lately_live=self._lately_live(fresh))
            self._switch(entry, parts, users)
        except (StrataError, OSError) as refusal:  # TimeoutError is an OSError
            self._refuse(entry, _sentence(refusal))

    def _lately_live(self, segmenters: Sequence[Segmenter]) -> bool:
        """Whether each is the version that was live before the one that is: what a rollback goes back to."""
        held = self._entry.release.segmenters
        return all(held[each.profile.name].previous == each.profile.version for each in segmenters)

    def _switch(self, entry: Entry, parts: Parts, users: int) -> None:
        """Nothing is awaited here: no call comes between. What may fail comes first."""
        old, before = self._parts, self._entry.release.serial
        self._composition.switch(parts)
        self._predictions.serve([each.profile for each in parts.served.values()])
        if parts.shadowing is not None:
            parts.shadowing.start()
        self._parts, self._entry = parts, entry
        if self._refused.refused_serial <= entry.release.serial:
            self._refused = Applied(self._place[1], 0)
        self._report()
        served = {name: profile.version for name, profile in parts.live.items()}
        fields = {"serial": entry.release.serial, "before": before, "live": served, "rehearsed_users": users}
        _log.info("release served", extra={"fields": fields})
        self._end_later([held.close for held in self._lineup.take_out_unused(entry.release)])
        if old.shadowing is not None:
            self._end_later([old.shadowing.stop], 0.0)
        for key in old.served.keys() - parts.served.keys() - {each.key for each in self._lineup.profiles()}:
            self._composition.last_known.forget(key)

    def _refuse(self, entry: Entry, reason: str) -> None:
        serial = entry.release.serial
        if (serial, reason) != (self._refused.refused_serial, self._refused.refusal):
            fields = {"serial": serial, "serving": self._entry.release.serial, "reason": reason}
            _log.error("release not served", extra={"fields": fields})
        if serial >= self._refused.refused_serial:
            self._refused = Applied(self._place[1], 0, serial, reason)
        self._retry_s = self._monotonic() + RETRY_S
        self._report()

    def _report(self) -> None:
        folder, worker = self._place
        refused = self._refused
        try:
            write_applied(folder, Applied(worker, self._entry.release.serial, refused.refused_serial, refused.refusal))
        except OSError as error:
            _log.warning("release not reported", extra={"fields": {"reason": error.strerror or str(error)}})

    def _end_later(self, ends: Sequence[Callable[[], Awaitable[None]]], after_s: float | None = None) -> None:
        """End what is used no more, when no call can be asking it."""

        async def drained(close: Callable[[], Awaitable[None]]) -> None:
            await asyncio.sleep(DRAIN_S if after_s is None else after_s)
            await close()

        for close in ends:
            task = asyncio.create_task(drained(close))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


def _sentence(refusal: StrataError | OSError) -> str:
    """Why a release could not be taken up, for whoever changed it."""
    if isinstance(refusal, TimeoutError):
        return str(refusal) or "it took too long"
    if isinstance(refusal, OSError):
        what = Path(os.fsdecode(refusal.filename)).name if refusal.filename else "a file it needs"
        return f"{what} cannot be made or read: {refusal.strerror or refusal}"
    return str(refusal)
