"""A rebuild beside a stream: the rows are those the stream made, and the log goes on from them."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_state import FakeState
from fold_world import NOON_US, SPEND, FoldWorld

from feature_repo import flip
from feature_repo.flip import STREAM_LEASE, rebuild
from feature_repo.offline.frame import Asked
from feature_repo.offline.history import ParquetSource
from feature_repo.offline.windowed import windowed_at
from feature_repo.rebuild import LogStart, read_log_start, table_rows
from strata.errors import StrataError
from strata.features.fold import header_of, target_of
from strata.features.note import GenerationNote
from strata.features.packed import PackedEvent
from streaming.log.partition import partition_of

HOUR_US = 3_600_000_000
USERS = ("ann", "bob", "cookie-1", "cookie-2", "cookie-3")
TABLE = "events@3600"


def events_of(world: FoldWorld, chance: random.Random, count: int, first_us: int) -> list[PackedEvent]:
    """Purchases an hour apart, some late."""
    return [
        world.event(
            chance.choice(USERS),
            first_us + n * HOUR_US - chance.choice((0, 0, 30 * HOUR_US)),
            recorded_us=first_us + n * HOUR_US,
            value=chance.randrange(1, 500),
            item_id=f"i{chance.randrange(9)}",
        )
        for n in range(count)
    ]


def aliased_world(tmp_path: Path, seed: int) -> FoldWorld:
    """Two ids that become ann, one of them by way of the other; events before and after."""
    world, chance = FoldWorld(tmp_path), random.Random(seed)
    for step, (alias, target) in enumerate((("cookie-1", "cookie-2"), ("cookie-2", "ann"), ("ghost", "bob"))):
        first_us = NOON_US + step * 40 * HOUR_US
        world.publish(*events_of(world, chance, 30, first_us))
        world.publish(world.alias(alias, target, first_us + 30 * HOUR_US))
        world.drain(chance.randrange(1, 20))
    world.publish(*events_of(world, chance, 20, NOON_US + 120 * HOUR_US))
    world.drain()
    world.history.flush()
    return world


def rebuilt(world: FoldWorld, state: FakeState, watermark_us: int, start: LogStart | None = None) -> int:
    """Build the table from the world's history."""
    pattern = str(world.root / "events/*/*.parquet")
    source = ParquetSource("events", pattern, "event_time", "recorded_at", str(world.root))
    start = start or read_log_start(world.root, world.log.partitions)
    layout = world.catalog.tables()[TABLE]
    rows = table_rows(layout, source, watermark_us, start=start)
    return rebuild(state, layout, rows, watermark_us, positions=start.positions)


@pytest.mark.parametrize("seed", range(4))
def test_rows_with_aliases_are_what_the_stream_made(tmp_path: Path, seed: int) -> None:
    """Tombstones name the same users, and everyone has the stream's values, over a chain of aliases."""
    world, state = aliased_world(tmp_path, seed), FakeState()
    t_us = NOON_US + 150 * HOUR_US
    rebuilt(world, state, t_us)
    for user in (*USERS, "ghost"):
        live, built = (each.read(TABLE, [user])[0] for each in (world.state, state))
        assert (live is None) == (built is None)
        if live is not None and built is not None:
            assert target_of(live) == target_of(built)
    streamed = {user: world.values(user, t_us=t_us) for user in ("ann", "bob", "cookie-3")}
    world.state = state
    assert {user: world.values(user, t_us=t_us) for user in streamed} == streamed
    assert streamed["ann"][0] > streamed["bob"][0]


@pytest.mark.parametrize("seed", range(3))
def test_the_history_says_what_the_stream_counted(tmp_path: Path, seed: int) -> None:
    """Offline values at now are those of the rows, for aliased users too: one user, one answer."""
    world, t_us = aliased_world(tmp_path, seed), NOON_US + 150 * HOUR_US
    source = ParquetSource("events", str(tmp_path / "events/*/*.parquet"), "event_time", "recorded_at", str(tmp_path))
    asked = Asked(np.array([*USERS, "ghost"], dtype=object), np.full(len(USERS) + 1, t_us))
    found = windowed_at(source, [field.definition for field in SPEND.fields], asked, as_known=True).values
    ends = {"cookie-1": "ann", "cookie-2": "ann", "ghost": "bob"}
    streamed = [world.values(ends.get(user, user), t_us=t_us) for user in (*USERS, "ghost")]
    np.testing.assert_array_equal(found, streamed)


@pytest.mark.parametrize("seed", range(3))
def test_the_log_goes_on_from_a_rebuild(tmp_path: Path, seed: int) -> None:
    """Replaying the whole log onto rebuilt rows changes no value; new events of an aliased id still count once."""
    world, state = aliased_world(tmp_path, seed), FakeState()
    t_us = NOON_US + 150 * HOUR_US
    rebuilt(world, state, t_us)
    before = {user: world.values(user, t_us=t_us) for user in ("ann", "bob", "cookie-3")}
    world.state = state
    world.start()
    world.drain()
    assert {user: world.values(user, t_us=t_us) for user in before} == before
    late = world.event("cookie-1", t_us, value=7)
    world.publish(late, late)
    world.drain()
    assert world.values("ann", t_us=t_us)[0] == before["ann"][0] + 1


def test_positions_are_those_of_the_history(tmp_path: Path) -> None:
    """The note, the generation and each row say how much of the log they hold."""
    world, state = aliased_world(tmp_path, 1), FakeState()
    rebuilt(world, state, NOON_US + 150 * HOUR_US)
    positions = read_log_start(world.root, world.log.partitions).positions
    assert positions
    note = GenerationNote.unpack(state.note(TABLE) or b"")
    assert note.positions == positions == state.positions(TABLE)
    for user in ("ann", "cookie-1", "bob"):
        row = state.read(TABLE, [user])[0]
        assert row is not None
        assert header_of(row).log_position == positions[partition_of(user, world.log.partitions)] - 1


def test_a_live_worker_flips_the_rebuild(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody holds the stream's lease a rebuild is only finished; it returns once it is current."""
    world = aliased_world(tmp_path, 2)
    worker = FakeState()
    assert worker.hold_lease(STREAM_LEASE, 30)
    monkeypatch.setattr(flip, "_LOOK_S", 0.01)

    def flip_later() -> None:
        while (found := worker.open_finished(TABLE)) is None:
            time.sleep(0.01)
        found.commit(5)

    thread = threading.Thread(target=flip_later)
    thread.start()
    assert rebuilt(world, FakeState(of=worker), NOON_US + 150 * HOUR_US) > 0
    thread.join()
    assert worker.watermark_us(TABLE) == 5


def test_a_worker_that_never_flips_is_a_sentence(tmp_path: Path) -> None:
    """The wait ends; the rebuild stays ready for the worker."""
    world, worker = aliased_world(tmp_path, 2), FakeState()
    worker.hold_lease(STREAM_LEASE, 30)
    layout: Any = world.catalog.tables()[TABLE]
    with pytest.raises(StrataError, match="has not made it current within 0 s"):
        rebuild(FakeState(of=worker), layout, [], 5, wait_s=0.05)
    assert worker.open_finished(TABLE) is not None


def test_a_worker_that_ends_meanwhile_leaves_the_flip_to_the_rebuild(tmp_path: Path) -> None:
    """When the lease runs out nobody is there to wait for."""
    world, worker = aliased_world(tmp_path, 2), FakeState()
    worker.hold_lease(STREAM_LEASE, 0.1)
    assert rebuilt(world, FakeState(of=worker), NOON_US + 150 * HOUR_US) > 0
    assert worker.watermark_us(TABLE) == NOON_US + 150 * HOUR_US
