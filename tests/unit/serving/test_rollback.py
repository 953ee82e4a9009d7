"""A rollback is served within a second whatever the store does: when one is wanted, things seldom go well."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from awaited_state import AwaitedState
from toy_home import make_home
from toy_segmentation import KeptPredictions, toy_parts
from toy_segmenter import ToySegmenter, toy_profile

from serving.assembly import across_network, last_good
from serving.composition import Composition
from serving.domain.circuit import TIMEOUTS
from serving.domain.deadline import Deadline
from serving.domain.segmenter import SegmenterProfile
from serving.releases import rehearsal
from serving.releases.applied import read_applied
from serving.releases.definitions import Definitions
from serving.releases.follower import ReleaseFollower
from serving.releases.lineup import Lineup
from serving.releases.loading import Loaded
from strata.registry import Catalog, read_catalog
from strata.release import Change, Release, ReleaseLog, promote, roll_back, with_segmenter
from strata.state import open_state
from strata.v1 import segmentation_pb2 as pb

A, B = "aaaaaaaaaaaa", "bbbbbbbbbbbb"
SECOND_S = 1.0
CHANGE = Change("rollback", "tiers", "ann", "a test")
USERS = {f"u{number:04d}": (2, 1.0, 0) for number in range(rehearsal.USERS)}
LIVE, LAST_KNOWN = pb.ASSIGNMENT_SOURCE_LIVE, pb.ASSIGNMENT_SOURCE_LAST_KNOWN


class ToyLoader:
    """Loads toy segmenters that are asked across a network."""

    def __init__(self) -> None:
        self.made: dict[str, ToySegmenter] = {}

    def address(self, name: str, version: str) -> str:
        return ""

    async def load(self, name: str, version: str, catalog: Catalog, *, patiently: bool) -> Loaded:
        profile = replace(toy_profile(name, version), features=(("toy", "orders"), ("toy", "spend")))
        self.made[version] = ToySegmenter(profile, waits=True)

        async def close() -> None:
            return

        return Loaded(self.made[version], "", close, catalog)


class VersionedPredictions(KeptPredictions):
    """Need not know the versions."""

    def serve(self, profiles: list[SegmenterProfile]) -> None:
        return


class World:
    """A worker over a shared store that follows releases. It serves B, A was before; 2,000 users were asked about."""

    def __init__(self, folder: Path) -> None:
        settings = make_home(folder / "home", USERS)
        self.store = AwaitedState(open_state(settings.state, readonly=True))
        self.log, self.folder, self.loader = ReleaseLog(folder / "releases.jsonl"), folder, ToyLoader()
        self.log.append(CHANGE, lambda held: with_segmenter(held, "tiers", A))
        self.lineup = Lineup(["tiers"], self.loader, across_network(self.store))
        self.definitions = Definitions(settings.registry)
        catalog = read_catalog(settings.registry)
        self.predictions = VersionedPredictions()
        self.base = replace(
            toy_parts(folder, {}, self.lineup._features_of(catalog, {}), self.predictions, catalog=catalog),
            last_known_users=5_000,
        )

    async def begin(self) -> None:
        parts, entry = await last_good(self.log, self.lineup, self.base)
        self.composition = Composition(parts)
        self.follower = ReleaseFollower(
            self.log, self.lineup, self.composition, parts=parts, entry=entry, place=(self.folder, 0),
            definitions=self.definitions, predictions=self.predictions,
        )  # fmt: skip
        key = parts.segmenters["tiers"].profile.key
        ones = np.ones(len(USERS))
        self.composition.last_known.remember(list(USERS), key, ones.astype(np.int32), ones.astype(np.float32), at_us=5)
        self.follower.start()
        await self.changed(lambda held: promote(held, "tiers", B))
        assert (await self.ask()).version == B

    async def changed(self, step) -> float:  # type: ignore[no-untyped-def]
        """Seconds until the worker serves what was logged."""
        began_s = time.monotonic()
        serial = self.log.append(CHANGE, step).release.serial
        while [each.serial for each in read_applied(self.folder)] != [serial]:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
        return time.monotonic() - began_s

    async def roll_back(self) -> float:
        return await self.changed(_back)

    async def ask(self, patience_s: float = 1.0) -> pb.Assignment:
        methods = self.composition.server._methods
        raw = await methods.get_segments(pb.GetSegmentsRequest(user_id="u0007"), Deadline.after(patience_s))
        return pb.GetSegmentsResponse.FromString(raw).assignments[0]


def _back(held: Release) -> Release:
    return roll_back(held, "tiers")


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    await made.begin()
    yield made
    await made.follower.stop()


async def test_while_the_store_takes_200_ms_a_read(world: World) -> None:
    """And the first caller afterwards has a live answer: nobody looks first at tables that were seen."""
    world.store.after_s = 0.2
    assert await world.roll_back() < SECOND_S
    found = await world.ask()
    assert (found.version, found.source) == (A, LIVE)


async def test_while_the_store_hangs(world: World) -> None:
    """Callers have what that version said last."""
    world.store.hangs = True
    assert await world.roll_back() < SECOND_S
    found = await world.ask(0.2)
    assert (found.version, found.source) == (A, LAST_KNOWN)


async def test_a_store_that_is_left_alone_is_left_alone_by_the_next_release_too(world: World) -> None:
    """Its callers need not find out again that it hangs."""
    world.store.hangs = True
    for _ in range(TIMEOUTS):
        assert (await world.ask(0.06)).version == B
    asked = world.store.asked
    assert await world.roll_back() < SECOND_S
    assert (await world.ask()).source == LAST_KNOWN
    assert world.store.asked == asked


async def test_while_the_segmenters_server_hangs(world: World) -> None:
    """What was live before is not refused for being slow."""
    world.loader.made[A].hangs = True
    assert await world.roll_back() < SECOND_S


async def test_what_was_live_and_cannot_score_is_refused_all_the_same(world: World) -> None:
    """It says so at once."""
    world.loader.made[A].down = True
    world.log.append(CHANGE, _back)
    async with asyncio.timeout(5):
        while not (refusal := read_applied(world.folder)[0].refusal):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
    assert "as told" in refusal
    assert (await world.ask()).version == B


async def test_a_new_version_rehearses_in_full_up_to_a_ceiling(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that hangs keeps no release for ever."""
    world.store.after_s = 0.03
    before = world.store.asked
    await world.changed(lambda held: promote(held, "tiers", "cccccccccccc"))
    steps = rehearsal.USERS // rehearsal.STEP_USERS
    assert world.store.asked - before >= steps
    monkeypatch.setattr(rehearsal, "USERS_S", 0.3)
    world.store.hangs = True
    assert await world.changed(lambda held: promote(held, "tiers", "dddddddddddd")) < SECOND_S
