"""One worker following releases: taking them up, refusing them, leaving one for a newer one."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from fake_features import FakeFeatures
from toy_segmentation import KeptPredictions, toy_parts
from toy_segmenter import ToySegmenter, toy_profile

from serving.assembly import last_good
from serving.composition import Composition
from serving.domain.deadline import Deadline
from serving.domain.segmenter import SegmenterProfile
from serving.metrics.recorder import Recorder
from serving.releases import follower as follower_module
from serving.releases.applied import Applied, read_applied
from serving.releases.follower import ReleaseFollower
from serving.releases.lineup import Lineup
from serving.releases.loading import Loaded
from strata.errors import PackageInvalid, SegmenterNotFound, SegmenterUnavailable
from strata.features.builder import count, days, fields, hours
from strata.features.spec import view_spec
from strata.registry import Catalog, CatalogView
from strata.release import Change, Release, ReleaseLog, promote, roll_back, set_canary, set_shadow, with_segmenter

A, B, C = "aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"
CHANGE = Change("promote", "tiers", "ann", "a test")


class ToyLoader:
    """Loads toy segmenters by version. Faults are fields."""

    def __init__(self) -> None:
        self.loads: list[str] = []
        self.closed: list[str] = []
        self.damaged: set[str] = set()
        self.waiting: set[str] = set()
        """Versions whose server never comes up."""
        self.late: set[str] = set()
        """Versions whose server does not come up in time."""
        self.addresses: dict[str, str] = {}
        self.made: dict[str, ToySegmenter] = {}
        self.hanging = asyncio.Event()
        self._loaded = asyncio.Condition()

    async def made_of(self, version: str) -> None:
        """Until a version was loaded."""
        async with self._loaded:
            await self._loaded.wait_for(lambda: version in self.made)

    def address(self, name: str, version: str) -> str:
        return self.addresses.get(version, "")

    async def load(self, name: str, version: str, catalog: Catalog, *, patiently: bool) -> Loaded:
        self.loads.append(version)
        if version in self.damaged:
            raise PackageInvalid(f"{version} is damaged")
        if version in self.waiting and patiently:
            self.hanging.set()
            await asyncio.Event().wait()
        if version in self.late and patiently:
            raise SegmenterUnavailable(name, "no server came up")
        async with self._loaded:
            self.made[version] = segmenter = ToySegmenter(toy_profile(name, version))
            self._loaded.notify_all()

        async def close() -> None:
            self.closed.append(version)

        return Loaded(segmenter, self.address(name, version), close, catalog)


class VersionedPredictions(KeptPredictions):
    """Knows which versions it was told of."""

    def serve(self, profiles: list[SegmenterProfile]) -> None:
        self.versions = [profile.version for profile in profiles]


def defined(dtype: str = "int64", hop_us: int = hours(1)) -> Catalog:
    """A registry whose view `orders`, which the toys read, has this type in it, beside a windowed view of that hop."""
    orders = view_spec("orders", "row", [("f0", "int64", {}), ("f1", dtype, {})])
    visits = fields([count("visits_7d", window=days(7))], hop=hop_us)
    windowed = CatalogView(view_spec("visits", "windowed", visits), 0, "events_history")
    return Catalog({"orders": CatalogView(orders, 0, ""), "visits": windowed}, {}, {}, f"{dtype}{hop_us}")


class ToyDefinitions:
    """What the registry defines, as a field."""

    def __init__(self) -> None:
        self.catalog = defined()

    async def now(self) -> Catalog:
        return self.catalog


class World:
    """A worker that serves version A of `tiers`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now_s, self.full = folder, 0.0, False
        self.log = ReleaseLog(folder / "releases.jsonl")
        self.log.append(CHANGE, lambda held: with_segmenter(held, "tiers", A))
        self.loader, self.predictions = ToyLoader(), VersionedPredictions()
        self.features = FakeFeatures({"ann": [2, 1], "bob": [0, 1]})
        self.read_by: list[Catalog] = []
        """The registry of each source of features that was made."""
        self.lineup = Lineup(["tiers"], self.loader, self.features_of)
        self.definitions = ToyDefinitions()
        self.base = toy_parts(folder, {}, self.features, self.predictions, catalog=self.definitions.catalog)

    async def begin(self) -> None:
        parts, entry = await last_good(self.log, self.lineup, self.base)
        self.composition = Composition(parts)
        self.follower = ReleaseFollower(
            self.log, self.lineup, self.composition, parts=parts, entry=entry, place=(self.folder, 0),
            definitions=self.definitions, predictions=self.predictions, monotonic=lambda: self.now_s,
        )  # fmt: skip

    def features_of(self, catalog: Catalog, wanted: object) -> FakeFeatures:
        self.read_by.append(catalog)
        return self.features

    def change(self, step) -> int:  # type: ignore[no-untyped-def]
        return self.log.append(CHANGE, step).release.serial

    def promote(self, version: str) -> int:
        return self.change(lambda held: promote(held, "tiers", version))

    @property
    def served(self) -> str:
        return self.composition._parts.live["tiers"].version

    @property
    def applied(self) -> Applied:
        [found] = read_applied(self.folder)
        return found


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    await made.begin()
    yield made
    await made.follower.stop()


async def test_a_release_is_taken_up_once(world: World) -> None:
    """The version is loaded, the log is told of it, the worker reports; looking again does nothing."""
    serial = world.promote(B)
    await world.follower.look()
    assert (world.served, world.applied, world.predictions.versions) == (B, Applied(0, serial), [B])
    loads = list(world.loader.loads)
    await world.follower.look()
    assert world.loader.loads == loads == [A, B]


async def test_a_rollback_loads_nothing(world: World) -> None:
    """The version before is kept."""
    world.promote(B)
    await world.follower.look()
    world.change(lambda held: roll_back(held, "tiers"))
    await world.follower.look()
    assert (world.served, world.loader.loads) == (A, [A, B])


async def test_a_version_rehearses_on_users_asked_about_lately(world: World) -> None:
    """So that it has a last known answer for them from the beginning, and none for others."""
    desk = world.composition._parts
    live = desk.segmenters["tiers"].profile.key
    world.composition.last_known.remember(["ann", "gone"], live, *_two(), at_us=5)
    world.promote(B)
    await world.follower.look()
    fresh = world.composition._parts.live["tiers"].key
    assert world.composition.last_known.recall(["ann", "gone", "bob"], fresh).found.tolist() == [True, False, False]
    assert world.loader.made[B].asked == [1, 1, 1]  # a row of nothing, twice, then ann: nobody knows "gone"


async def test_a_damaged_version_is_refused_reported_and_tried_again(world: World) -> None:
    """What is served stays; mended, it is taken up without another change."""
    world.loader.damaged.add(B)
    serial = world.promote(B)
    await world.follower.look()
    assert (world.served, world.applied) == (A, Applied(0, 1, serial, f"{B} is damaged"))
    world.loader.damaged.clear()
    await world.follower.look()
    assert world.served == A  # not at every look
    world.now_s += follower_module.RETRY_S
    await world.follower.look()
    assert (world.served, world.applied) == (B, Applied(0, serial))


async def test_a_full_disk_refuses_a_release_until_there_is_room(world: World) -> None:
    """Its numbers have no file: what is served stays, whole, the reason is told, and nobody has to log it again."""
    full = OSError(errno.ENOSPC, "No space left on device")
    room = world.base.version_recorder

    def recorder(name: str, version: str) -> Recorder:
        if world.full:
            raise full
        return room(name, version)

    world.base = replace(world.base, version_recorder=recorder)
    await world.begin()
    await world.follower.look()
    world.full, serial = True, world.promote(B)
    await world.follower.look()
    reason = "a file it needs cannot be made or read: No space left on device"
    assert (world.served, world.applied) == (A, Applied(0, 1, serial, reason))
    assert not hasattr(world.predictions, "versions")  # the log goes on having room for what is served
    world.full = False
    await world.follower.look()
    assert world.served == A
    world.now_s += follower_module.RETRY_S
    await world.follower.look()
    assert (world.served, world.applied, world.predictions.versions) == (B, Applied(0, serial), [B])


async def test_a_defect_does_not_keep_a_worker_from_the_newest_release(world: World) -> None:
    """What nobody foresaw is logged, and the same release is tried again without another change of the log."""
    serve, faults = world.predictions.serve, [ZeroDivisionError()]

    def failing(profiles: list[SegmenterProfile]) -> None:
        if faults:
            raise faults.pop()
        serve(profiles)

    world.predictions.serve = failing  # type: ignore[method-assign]
    serial = world.promote(B)
    await world.follower._look_safely()
    assert not faults
    world.now_s += follower_module.RETRY_S
    await world.follower._look_safely()
    assert world.applied == Applied(0, serial)


async def test_a_version_that_cannot_score_the_users_it_will_meet_is_refused(world: World) -> None:
    """It loads, and fails when it is asked."""
    world.composition.last_known.remember(["ann", "bob"], world.composition._parts.live["tiers"].key, *_two(), at_us=5)
    made = world.loader.load

    async def load(name: str, version: str, catalog: Catalog, *, patiently: bool) -> Loaded:
        loaded = await made(name, version, catalog, patiently=patiently)
        calls = iter((True, True))
        genuine = loaded.segmenter._scores  # type: ignore[attr-defined]

        def failing(values):  # type: ignore[no-untyped-def]
            if next(calls, False):
                return genuine(values)
            raise SegmenterUnavailable(name, "as told")

        loaded.segmenter._scores = failing  # type: ignore[attr-defined]
        return loaded

    world.loader.load = load  # type: ignore[method-assign]
    serial = world.promote(B)
    await world.follower.look()
    assert (world.served, world.applied.refused_serial) == (A, serial)
    assert "could not score users asked about lately" in world.applied.refusal


async def test_a_newer_release_is_not_kept_waiting_by_one_that_hangs(world: World) -> None:
    """A rollback while a server is still coming up."""
    world.loader.waiting.add(B)
    world.promote(B)
    world.follower.start()
    async with asyncio.timeout(5):
        await world.loader.hanging.wait()
        assert world.served == A
        world.promote(C)
        await world.loader.made_of(C)
        await asyncio.sleep(0.05)
    assert world.served == C


async def test_a_log_that_cannot_be_read_for_a_while_ends_no_following(world: World) -> None:
    """While a release is being prepared, too."""
    mark, failing = world.log.mark, asyncio.Event()

    def unreadable() -> tuple[int, int]:
        failing.set()
        raise OSError(errno.EIO, "Input/output error")

    world.loader.waiting.add(B)
    world.promote(B)
    world.follower.start()
    async with asyncio.timeout(5):
        await world.loader.hanging.wait()
        world.log.mark = unreadable  # type: ignore[method-assign]
        await failing.wait()
        world.log.mark = mark  # type: ignore[method-assign]
        world.promote(C)
        await world.loader.made_of(C)


async def test_canary_and_shadow_are_loaded_and_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary answers its users; what nothing names any more is closed after the drain."""
    monkeypatch.setattr(follower_module, "DRAIN_S", 0.0)
    world.change(lambda held: set_canary(held, "tiers", B, 1.0))
    world.change(lambda held: set_shadow(held, "tiers", C))
    await world.follower.look()
    parts = world.composition._parts
    assert parts.routing.keys(("tiers",), "ann") == (f"tiers@{B}",)
    assert parts.shadowing is not None
    world.change(lambda held: roll_back(held, "tiers"))
    await world.follower.look()
    await asyncio.sleep(0.01)
    assert (world.composition._parts.canaries, world.loader.closed) == ({}, [B])


async def test_a_remote_version_that_moved_is_asked_where_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without another release."""
    monkeypatch.setattr(follower_module, "DRAIN_S", 0.0)
    world.loader.addresses[B] = "here:1"
    world.promote(B)
    await world.follower.look()
    old = world.composition._parts.segmenters["tiers"]
    world.loader.addresses[B] = "there:2"
    await world.follower.look()
    assert world.composition._parts.segmenters["tiers"] is not old
    await asyncio.sleep(0.01)
    assert world.loader.closed == [B]


async def test_a_release_goes_by_what_the_registry_defines_now(world: World) -> None:
    """Its versions, its features and the edges watchers are told at; the one before stays with what it went by."""
    began = world.definitions.catalog
    world.definitions.catalog = changed = defined(hop_us=60_000_000)
    await world.follower.look()
    assert world.composition._parts.catalog is began
    world.promote(B)
    await world.follower.look()
    assert (world.served, world.read_by, world.composition._parts.catalog) == (B, [began, changed], changed)
    assert world.lineup._loaded["tiers", B].catalog is changed
    assert world.composition._watching._round._hop_us == 60_000_000


async def test_a_loaded_version_whose_view_has_changed_keeps_a_release_back(world: World) -> None:
    """It would read what it was not trained on. It answers on, as before; restored, the release is served."""
    began, parts = world.definitions.catalog, world.composition._parts
    world.definitions.catalog = defined("float64")
    serial = world.change(lambda held: set_canary(held, "tiers", B, 0.5))
    await world.follower.look()
    assert world.composition._parts is parts
    assert world.applied.refused_serial == serial
    assert f"tiers {A} does not match the feature registry: view orders is defined differently" in world.applied.refusal
    world.definitions.catalog = began
    world.now_s += follower_module.RETRY_S
    await world.follower.look()
    assert world.applied == Applied(0, serial)


async def test_a_previous_version_whose_view_has_changed_is_no_fault(world: World) -> None:
    """The new one is served; going back is refused, and the new one answers on."""
    world.definitions.catalog = defined("float64")
    world.promote(B)
    await world.follower.look()
    assert world.served == B
    serial = world.change(lambda held: roll_back(held, "tiers"))
    await world.follower.look()
    assert (world.served, world.applied.refused_serial) == (B, serial)


async def test_a_moved_version_stays_with_the_definitions_it_is_served_by(world: World) -> None:
    """Whatever was applied meanwhile, and served beside it: only its address is another one."""
    world.loader.addresses[B] = "here:1"
    world.promote(B)
    await world.follower.look()
    began, world.definitions.catalog = world.definitions.catalog, defined(hop_us=hours(2))
    world.change(lambda held: set_canary(held, "tiers", C, 0.5))
    await world.follower.look()
    beside, world.definitions.catalog = world.definitions.catalog, defined("float64")
    world.loader.addresses[B] = "there:2"
    await world.follower.look()
    assert world.lineup._loaded["tiers", B].address == "there:2"
    assert (world.composition._parts.catalog, world.lineup._loaded["tiers", B].catalog) == (beside, began)


async def test_a_moved_version_is_asked_where_it_was_until_it_answers_elsewhere(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its new server is late: told, tried again without another release, and nothing that is asked is closed."""
    monkeypatch.setattr(follower_module, "DRAIN_S", 0.0)
    world.loader.addresses[B] = "here:1"
    serial = world.promote(B)
    await world.follower.look()
    old = world.composition._parts.segmenters["tiers"]
    world.loader.addresses[B] = "there:2"
    world.loader.late.add(B)
    await world.follower.look()
    await asyncio.sleep(0.01)
    assert world.composition._parts.segmenters["tiers"] is old
    assert (world.loader.closed, world.applied.serial, world.applied.refused_serial) == ([], serial, serial)
    loads = len(world.loader.loads)
    world.loader.late.clear()
    await world.follower.look()
    assert len(world.loader.loads) == loads  # not at every look
    world.now_s += follower_module.RETRY_S
    await world.follower.look()
    await asyncio.sleep(0.01)
    assert world.composition._parts.segmenters["tiers"] is world.loader.made[B] is not old
    assert (world.loader.closed, world.applied) == ([B], Applied(0, serial))


@pytest.mark.parametrize("step", [promote, lambda held, name, version: set_canary(held, name, version, 0.5)])
async def test_a_move_is_followed_while_a_newer_release_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, step: Callable[[Release, str, str], Release]
) -> None:
    """Whether the newer one asks the version that moved or not; it stays refused, and is tried again."""
    monkeypatch.setattr(follower_module, "DRAIN_S", 0.0)
    world.loader.addresses[B] = "here:1"
    served = world.promote(B)
    await world.follower.look()
    old = world.composition._parts.segmenters["tiers"]
    world.loader.addresses[B] = "there:2"
    world.loader.damaged.add(C)
    newer = world.change(lambda held: step(held, "tiers", C))
    await world.follower.look()
    await asyncio.sleep(0.01)
    assert (world.composition._parts.segmenters["tiers"], world.loader.closed) == (old, [])
    world.now_s += follower_module.RETRY_S
    await world.follower.look()
    await asyncio.sleep(0.01)
    assert world.composition._parts.segmenters["tiers"] is world.loader.made[B] is not old
    assert (world.loader.closed, world.applied) == ([B], Applied(0, served, newer, f"{C} is damaged"))
    world.loader.damaged.clear()
    world.now_s += follower_module.RETRY_S
    await world.follower.look()
    assert world.applied == Applied(0, newer)


async def test_a_start_takes_the_newest_release_that_can_be_served(tmp_path: Path) -> None:
    """And reports, in one sentence, what stands in the way of the newest when there is none."""
    world = World(tmp_path)
    world.promote(B)
    world.promote(C)
    world.loader.damaged |= {C}
    parts, entry = await last_good(world.log, world.lineup, world.base)
    assert (parts.live["tiers"].version, entry.release.serial) == (B, 2)
    world.loader.damaged |= {A, B}
    fresh = Lineup(["tiers"], world.loader, lambda *_: world.features)
    with pytest.raises(PackageInvalid, match=f"{C} is damaged"):
        await last_good(world.log, fresh, world.base)


async def test_a_previous_version_that_is_gone_is_no_fault(tmp_path: Path) -> None:
    """It only cannot be gone back to; a segmenter no release names is one."""
    world = World(tmp_path)
    world.promote(B)
    world.loader.damaged |= {A}
    parts, _ = await last_good(world.log, world.lineup, world.base)
    assert parts.live["tiers"].version == B
    with pytest.raises(SegmenterNotFound):
        await Lineup(["others"], world.loader, lambda *_: world.features).parts(
            Release(1, {}), world.base, patiently=False
        )


async def test_calls_under_way_end_by_the_version_they_began_with(world: World) -> None:
    """A switch in between changes nothing about them."""
    methods = world.composition.server._methods
    world.promote(B)
    await world.follower.look()
    from strata.v1 import segmentation_pb2 as pb

    raw = await methods.get_segments(pb.GetSegmentsRequest(user_id="ann"), Deadline.after(1))
    assert pb.GetSegmentsResponse.FromString(raw).assignments[0].version == A


def test_a_report_that_is_half_written_or_strange_is_passed_over(tmp_path: Path) -> None:
    """Whoever reads meanwhile sees the others."""
    for name, content in (("applied-000.json", "{"), ("applied-001.json", '{"worker": 1}'), ("applied-002.json", "[]")):
        (tmp_path / name).write_text(content)
    (tmp_path / "applied-003.json").write_text('{"worker": 3, "serial": 7, "refused_serial": 0, "refusal": ""}')
    assert read_applied(tmp_path) == [Applied(3, 7)]


def _two():  # type: ignore[no-untyped-def]
    import numpy as np

    return np.array([1, 1], dtype=np.int32), np.array([0.5, 0.5], dtype=np.float32)
