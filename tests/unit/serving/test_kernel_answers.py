"""Answers made in one step are those made in many: every value, score, time and byte."""

from __future__ import annotations

import contextvars
import ctypes
import random
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import lightgbm
import numpy as np
import pytest
from event_factories import NOON_US, make_event
from fake_state import FakeState
from kernels import forced, row_of
from plain_packages import write_packages

from serving.adapters import kernel_answers
from serving.adapters.embedded_segmenter import EmbeddedSegmenter
from serving.adapters.kernel_answers import KernelAnswers
from serving.adapters.silent import Unlogged, Unmetered
from serving.adapters.stored_features import StoredFeatures
from serving.domain.assignments import Answer, LiveAnswer
from serving.domain.deadline import Deadline
from serving.domain.desk import SegmentationDesk
from serving.domain.features import StoredUser
from serving.domain.last_known import LastKnown
from serving.domain.single_desk import SingleDesk
from serving.domain.step_notes import StepNotes, keep_notes
from serving.metrics.families import Family, families, version_families
from serving.metrics.meters import AssignmentMeter
from serving.metrics.recorder import Histogram, Recorder
from serving.metrics.shared_numbers import Layout
from serving.ports import SingleAnswers
from serving.servicers.live_reply import TAGS, LivePieces, live_reply
from strata.clock import FixedClock
from strata.features.builder import count, days, distinct, fields, hours, mean, recency, total
from strata.features.facts import encode_row
from strata.features.plan import compile_view
from strata.features.row_writer import encode_moved
from strata.features.spec import ViewSpec, view_spec
from strata.features.user_state import UserState
from strata.registry.catalog import Catalog, CatalogView
from strata.runtime import Package, load_package
from strata.runtime.calibration import Isotonic
from strata.runtime.classes import classes_document, read_classes
from strata.runtime.native_single import StagePlaces

TTL_US = 3 * 86_400_000_000
USERS = 250
MAKERS = (count, total, mean, distinct, recency)


def _windowed(name: str, first: int, hop: Any) -> ViewSpec:
    """Ten features, `f{first}`, `f{first + 4}`, ..., of several functions and windows."""
    features = []
    for n in range(10):
        maker, field_name = MAKERS[n % len(MAKERS)], f"f{first + 4 * n}"
        of = {total: {"of": "value", "scale": 100}, mean: {"of": "value", "scale": 100}, distinct: {"of": "item_id"}}
        features.append(maker(field_name, window=days(1 + n), **of.get(maker, {})))  # type: ignore[operator]
    return view_spec(name, "windowed", fields(features, hop=hop))


VIEWS = {
    "v0": _windowed("v0", 0, hours(1)),
    "v1": _windowed("v1", 1, days(1)),
    "v2": view_spec("v2", "row", [(f"f{2 + 4 * n}", "float64", {}) for n in range(10)]),
    "v3": view_spec("v3", "row", [(f"f{3 + 4 * n}", "int64" if n % 2 else "bool", {}) for n in range(10)]),
}
CATALOG = Catalog(
    {
        name: CatalogView(view, TTL_US if name == "v3" else 0, "events" if view.kind == "windowed" else "")
        for name, view in VIEWS.items()
    },
    {}, {}, "v",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _native() -> Iterator[None]:
    with forced("native"):
        yield


class Packages(NamedTuple):
    """The same models, scored by the kernel and without it."""

    native: dict[str, Package]
    pure: dict[str, Package]

    def only(self, *names: str) -> Packages:
        return Packages(*({name: each[name] for name in names} for each in self))


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    folders, _ = write_packages(tmp_path_factory.mktemp("packages"), 400)
    native = _loaded(folders)
    with forced("pure"):
        return Packages(native, _loaded(folders))


def _loaded(folders: Mapping[str, Path]) -> dict[str, Package]:
    """Clusters and bands, the same again with defaults and another calibration, and classes."""
    loaded = {name: load_package(folder) for name, folder in folders.items()}
    tiers, promo = loaded["tiers"], loaded["promo"]
    line = Isotonic(np.array([-2.0, -0.5, 0.5, 2.0]), np.array([0.05, 0.2, 0.7, 0.9]))
    some = np.where(np.arange(len(promo.defaults)) % 3 == 0, 7.0, np.nan)
    other = replace(promo, defaults=some, model=replace(promo.model, calibration=line))  # type: ignore[type-var]
    kinds = replace(promo, model=read_classes(classes_document([2, 0, 1]), _class_trees(), len(promo.defaults), 3))
    return loaded | {
        "other": other,
        "kinds": kinds,
        "filled": replace(tiers, defaults=np.arange(len(tiers.defaults)) * 1.0),
    }


@cache
def _class_trees() -> str:
    chance = np.random.default_rng(6)
    values, labels = chance.gamma(2.0, 3.0, size=(600, 32)), np.arange(600) % 3
    values[np.arange(600), labels] *= 3
    chosen = {"objective": "multiclass", "num_class": 3, "num_leaves": 15, "verbose": -1, "num_threads": 1}
    return str(lightgbm.train(chosen, lightgbm.Dataset(values, labels), 20).model_to_string())


def _segmenter(name: str, package: Package) -> EmbeddedSegmenter:
    segmenter = EmbeddedSegmenter(package)
    segmenter.profile = replace(segmenter.profile, name=name)
    return segmenter


class KeptMeter:
    """An AnswerMeter that remembers."""

    def __init__(self) -> None:
        self.live: list[LiveAnswer] = []

    def answered(self, answer: Answer) -> None:
        raise AssertionError("the kernel answers for one")

    def answered_live(self, answer: LiveAnswer) -> None:
        self.live.append(answer)


def _numbers(some: Sequence[Family]) -> Recorder:
    layout = Layout(some)
    return Recorder(memoryview(bytearray(8 * layout.size)).cast("d"), layout)


class World:
    """Both ways to an answer over one state; the long one in Python alone."""

    def __init__(self, packages: Packages, now_us: int = NOON_US) -> None:
        self.state, self.now_us = FakeState(), now_us
        self.segmenters, self.slow_segmenters = (
            {each.profile.key: each for each in (_segmenter(n, p) for n, p in some.items())} for some in packages
        )
        wanted = {key: each.profile.features for key, each in self.segmenters.items()}
        self.features = StoredFeatures(self.state, CATALOG, wanted)
        self.slow_features = StoredFeatures(self.state, CATALOG, wanted)
        self.pieces = {key: LivePieces(each.profile) for key, each in self.segmenters.items()}
        self.recorder, self.seen = _numbers(families()), KeptMeter()
        self.meter, self.slow_meter = (
            AssignmentMeter({each.profile: _numbers(version_families(*each.profile.key.split("@"))) for each in some})
            for some in (self.segmenters.values(), self.segmenters.values())
        )
        self.kernel = KernelAnswers(
            self.segmenters,
            self.pieces,
            TAGS,
            stages=StagePlaces(*(self.stage(stage).place() for stage in ("features", "score", "reply"))),
            versions={key: self.meter.places(key) for key in self.segmenters},
            meter=self.seen,
        )

    def stage(self, stage: str) -> Histogram:
        return self.recorder.histogram("strata_stage_seconds", "GetSegments", stage)

    def stage_numbers(self, stage: str) -> list[float]:
        """Counts by bound, those past every bound, and the sum."""
        start = self.recorder.layout.start("strata_stage_seconds", "GetSegments", stage)
        [family] = [family for family in self.recorder.layout.families if family.name == "strata_stage_seconds"]
        return [self.recorder.value(start + n) for n in range(family.width)]

    def keys(self, *names: str) -> tuple[str, ...]:
        return tuple(key for name in names for key in self.segmenters if key.startswith(f"{name}@"))

    def put(self, user: str, events: Sequence[Mapping[str, Any]], facts: Mapping[str, Any], fact_us: int) -> None:
        """Rows of a user's events in both tables of events, and facts as given."""
        for table, layout in CATALOG.tables().items():
            row = row_of(layout, [{**event, "user_id": user} for event in events])
            if row is not None:
                self.state.put(table, [(user, row)])
        for view, values in facts.items():
            self.state.put(view, [(user, encode_row(compile_view(VIEWS[view]), values, fact_us, fact_us))])

    def quick(self, user: str, keys: tuple[str, ...]) -> LiveAnswer | None:
        return self.kernel.answer(self.features.find_user(keys, user), self.now_us)

    async def slow(self, user: str, keys: tuple[str, ...], quick: SingleAnswers | None = None) -> LiveAnswer | Answer:
        with forced("pure" if quick is None else "native"):
            shared: Any = {
                "features": self.slow_features if quick is None else self.features, "predictions": Unlogged(),
                "last_known": LastKnown(self.segmenters, 10), "meter": Unmetered(), "clock": FixedClock(self.now_us),
            }  # fmt: skip
            desk = SingleDesk(SegmentationDesk(self.slow_segmenters, **shared), **shared, quick=quick)
            answer = desk.answer(user, keys, Deadline.after(5.0))
            return answer if isinstance(answer, LiveAnswer) else await answer


def _fill(world: World, seed: int) -> None:
    """Users with much, little or nothing in each table; values missing, expired and not known yet."""
    chance = random.Random(seed)
    for n in range(USERS):
        events = [
            make_event(
                event_time_us=(at_us := NOON_US - chance.randrange(-3_600, 14 * 86_400) * 1_000_000),
                recorded_us=at_us + chance.randrange(86_400_000_000),
                value=chance.choice([None, 0, 250, -90]),
                item_id=chance.choice("abcdefgh"),
                event_type=chance.choice(["purchase", "view"]),
            )
            for _ in range(chance.choice([0, 0, 1, 3, 30]))
        ]
        facts = {}
        if chance.random() < 0.6:
            facts["v2"] = [chance.choice([None, 0.0, -1.5, 1e300, 7.25]) for _ in range(10)]
        if chance.random() < 0.6:
            facts["v3"] = [chance.choice([None, 2**62 + 1, -5]) if n % 2 else chance.choice([None, True, False])
                           for n in range(10)]  # fmt: skip
        world.put(f"u{n}", events, facts, NOON_US - chance.choice([-1, 0, 1, TTL_US, TTL_US + 1, 9 * TTL_US]))
    for view in chance.sample(list(VIEWS), 3):
        table = CATALOG.table_of(view)
        world.state.set_watermark(table, NOON_US - chance.randrange(-5, 9) * 1_000_001)


def _same(quick: LiveAnswer, slow: LiveAnswer) -> None:
    assert (quick.user, quick.as_of_us) == (slow.user, slow.as_of_us)
    for one, other in zip(quick.assignments, slow.assignments, strict=True):
        assert (one.profile, one.segment_index, one.score) == (other.profile, other.segment_index, other.score)
        np.testing.assert_array_equal(one.row.values, other.row.values)
        assert (one.row.known, one.row.watermark_us, one.row.damaged) == (
            other.row.known, other.row.watermark_us, other.row.damaged,
        )  # fmt: skip
        assert one.row.complete == (not np.isnan(one.row.values).any())


def _version_numbers(meter: AssignmentMeter, key: str) -> list[float]:
    """Answers, and the histogram of the features' ages."""
    answers, age = meter.places(key)
    numbers = (ctypes.c_double * (len(age.bounds) + 2)).from_address(age.first.address)
    return [ctypes.c_double.from_address(answers.address).value, *numbers]


def test_durations_are_counted_as_python_counts_them(packages: Packages) -> None:
    """What finding the rows took is the first stage's, and falls into the bucket its bound says."""
    world = World(packages)
    world.put("ann", [make_event()], {}, NOON_US)
    found = world.features.find_user(world.keys("tiers"), "ann")
    for took_s in (0.0, 0.004, 3_000.0):
        found.took_s = took_s
        before = world.stage_numbers("features")
        assert world.kernel.answer(found, NOON_US) is not None
        *counts, seconds = (a - b for a, b in zip(world.stage_numbers("features"), before, strict=True))
        assert took_s < seconds < took_s + 0.01
        [place] = [place for place, count in enumerate(counts) if count]
        assert place == bisect_left(world.stage("features").place().bounds, seconds)


def test_a_caller_who_asks_is_told_what_was_counted(packages: Packages) -> None:
    """The very seconds; who does not ask has none noted."""
    world = World(packages)
    world.put("ann", [make_event()], {}, NOON_US)
    found = world.features.find_user(world.keys("tiers", "promo"), "ann")
    found.took_s = 0.25
    before = time.perf_counter()
    notes = contextvars.Context().run(_explained, world, found)
    timing = notes.timing(time.perf_counter())
    assert [(step.name, step.segmenter) for step in timing.steps] == [("features", ""), ("score", ""), ("reply", "")]
    for step in timing.steps:
        assert step.seconds == world.stage_numbers(step.name)[-1]
    assert timing.steps[0].seconds > 0.25
    ends = [step.at_s + step.seconds for step in timing.steps]
    assert ends[:2] == pytest.approx([step.at_s for step in timing.steps[1:]], abs=1e-9)
    assert before - 0.25 < timing.began_s + timing.steps[0].at_s
    assert ends[2] <= timing.seconds
    assert world.kernel.answer(found, NOON_US) is not None
    assert len(notes.timing(1.0).steps) == 3


def _explained(world: World, found: StoredUser) -> StepNotes:
    notes = keep_notes(time.perf_counter())
    assert world.kernel.answer(found, NOON_US) is not None
    return notes


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("names", [("tiers",), ("promo", "tiers"), ("filled", "kinds", "other", "promo")])
async def test_one_step_gives_what_many_give(packages: Packages, names: tuple[str, ...], seed: int) -> None:
    """Whatever the rows hold; a user one of the segmenters does not know is left to the long way."""
    world = World(packages)
    _fill(world, seed)
    keys, ordinary = world.keys(*names), 0
    for n in range(USERS):
        quick, slow = world.quick(f"u{n}", keys), await world.slow(f"u{n}", keys)
        if not isinstance(slow, LiveAnswer):
            assert quick is None
            continue
        assert quick is not None
        _same(quick, slow)
        assert quick.reply == live_reply(slow, world.pieces)
        world.slow_meter.answered_live(slow)
        ordinary += 1
    assert 0.5 * USERS < ordinary < USERS
    assert len(world.seen.live) == ordinary
    for stage in ("features", "score", "reply"):
        *counts, seconds = world.stage_numbers(stage)
        assert sum(counts) == ordinary
        assert 0.0 < seconds < 10.0
    for key in keys:
        assert _version_numbers(world.meter, key) == _version_numbers(world.slow_meter, key)


async def test_the_desk_takes_the_quick_way_and_keeps_its_answer(packages: Packages) -> None:
    """And goes the long one for whom it declines."""
    world = World(packages)
    world.put("ann", [make_event()], {}, NOON_US)
    keys = world.keys("tiers", "promo")
    found = await world.slow("ann", keys, world.kernel)
    assert isinstance(found, LiveAnswer)
    assert found.reply == live_reply(found, world.pieces)
    nobody = await world.slow("nobody", keys, world.kernel)
    assert isinstance(nobody, Answer)


@pytest.mark.parametrize("row", [b"", b"STR1 and then nonsense", b"STU1", b"x" * 200])
@pytest.mark.parametrize("view", ["v0", "v2"])
async def test_a_damaged_row_is_left_to_the_long_way(packages: Packages, view: str, row: bytes) -> None:
    """In a table of events and of facts."""
    world = World(packages)
    world.put("ann", [make_event()], {"v2": [1.0] * 10}, NOON_US)
    keys = world.keys("promo")
    assert world.quick("ann", keys) is not None
    world.state.put(CATALOG.table_of(view), [("ann", row)])
    assert world.quick("ann", keys) is None
    slow = await world.slow("ann", keys)
    assert isinstance(slow, Answer)


def test_every_cut_and_changed_row_is_declined_or_read_as_in_steps(packages: Packages) -> None:
    """Bytes nobody vouches for."""
    world = World(packages)
    keys = world.keys("promo")
    world.put("ann", [make_event(event_time_us=NOON_US - n) for n in range(5)], {"v2": [1.0] * 10}, NOON_US)
    chance = random.Random(5)
    for view in ("v0", "v2"):
        table = CATALOG.table_of(view)
        [sound] = world.state.read(table, ["ann"])
        assert sound is not None
        for _ in range(300):
            changed = bytearray(sound[: chance.choice([len(sound), chance.randrange(len(sound))])])
            if changed and chance.random() < 0.7:
                changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
            world.state.put(table, [("ann", bytes(changed))])
            found = world.features.find_user(keys, "ann")
            quick = world.kernel.answer(found, world.now_us)
            [slow] = world.features.evaluate_user(found, world.now_us)
            assert (quick is None) or np.array_equal(quick.assignments[0].row.values, slow.values, equal_nan=True)
        world.state.put(table, [("ann", sound)])


async def test_a_user_who_became_another_is_answered_as_that_one(packages: Packages) -> None:
    """By the long way, which follows the tombstone."""
    world = World(packages)
    world.put("ann", [make_event(), make_event()], {}, NOON_US)
    for table, layout in CATALOG.tables().items():
        world.state.put(table, [("visitor", encode_moved(layout, UserState.empty(layout), "ann"))])
    keys = world.keys("tiers")
    ann, visitor = await world.slow("ann", keys), await world.slow("visitor", keys, world.kernel)
    assert isinstance(ann, LiveAnswer)
    assert isinstance(visitor, LiveAnswer)
    assert (visitor.user, visitor.reply) == ("visitor", b"")
    assert visitor.assignments[0][:3] == ann.assignments[0][:3]


def test_a_rebuild_is_laid_out_anew(packages: Packages) -> None:
    """The kernel is not asked about rows by the layout of another generation."""
    world = World(packages)
    world.put("ann", [make_event()], {}, NOON_US)
    keys = world.keys("tiers")
    first = world.features.find_user(keys, "ann")
    assert world.kernel.answer(first, NOON_US) is not None
    other = StoredFeatures(world.state, CATALOG, {key: each.profile.features for key, each in world.segmenters.items()})
    second = other.find_user(keys, "ann")
    assert second.reading is not first.reading
    quick = world.kernel.answer(second, NOON_US)
    assert quick is not None
    assert quick.reply


def test_combinations_are_bounded(packages: Packages, monkeypatch: pytest.MonkeyPatch) -> None:
    """Callers choose them; what is past the bound goes the long way."""
    monkeypatch.setattr(kernel_answers, "MOST_KINDS", 1)
    world = World(packages)
    world.put("ann", [make_event()], {}, NOON_US)
    assert world.quick("ann", world.keys("tiers")) is not None
    assert world.quick("ann", world.keys("promo")) is None
    assert world.quick("ann", world.keys("tiers")) is not None


def test_what_the_kernel_does_not_know_is_declined(packages: Packages) -> None:
    """Rows of another source, instants before 1970."""
    world = World(packages)
    world.put("ann", [make_event()], {}, NOON_US)
    keys = world.keys("tiers")
    assert world.kernel.answer(StoredUser(keys, "ann", [], object(), []), NOON_US) is None
    world.now_us = -1
    assert world.quick("ann", keys) is None


def test_without_the_kernel_everything_goes_the_long_way(packages: Packages) -> None:
    with forced("pure"):
        world = World(Packages(packages.pure, packages.pure).only("tiers"))
        world.put("ann", [make_event()], {}, NOON_US)
        assert world.quick("ann", world.keys("tiers")) is None
