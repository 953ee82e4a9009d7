"""From the log to rows, history and notices: each accepted event once, in all three, over restarts and kills."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from fold_world import DAILY, NOON_US, PROFILE, SPEND, FoldWorld, catalog_of

from strata.errors import LogDamaged, StrataError
from strata.features.build import build_rows
from strata.features.events import EventBatch
from strata.features.note import GenerationNote
from strata.features.packed import PackedEvent, RecordKind
from strata.state.ports import State
from streaming.fold.positions import read_positions
from streaming.history import scan_events
from streaming.log.partition import partition_of

HOUR = 3_600_000_000
DAY = 24 * HOUR


@pytest.fixture
def world(tmp_path: Path) -> FoldWorld:
    return FoldWorld(tmp_path)


def test_an_event_changes_row_history_and_watchers(world: FoldWorld) -> None:
    """One purchase is counted, kept and told."""
    world.publish(world.event("ann", event_id="e", value=250, item_id="milk"))
    world.drain()
    assert world.values("ann") == [1, 250, 1]
    assert world.written() == {"e": 1}
    assert world.notices.told == [("events@3600", ("ann",))]
    assert world.meters.totals == {"accepted": 1}


def test_what_is_refused_is_counted_and_is_nowhere_else(world: FoldWorld) -> None:
    """A repeat and a late event change no row, tell nobody and are not in the history."""
    late = world.event("ann", NOON_US - 8 * DAY, event_id="late", recorded_us=NOON_US)
    world.publish(world.event("ann", event_id="e"), world.event("ann", event_id="e"), late)
    world.drain()
    assert world.values("ann")[0] == 1
    assert world.written() == {"e": 1}
    assert world.meters.totals == {"accepted": 1, "duplicate": 1, "late": 1}


def test_a_restart_goes_on_where_it_stopped(world: FoldWorld) -> None:
    """Nothing is folded twice, and the history gets what had been folded and not written."""
    world.publish(*(world.event("ann", event_id=f"e{n}") for n in range(5)))
    world.drain()
    world.start()
    world.publish(world.event("ann", event_id="e5"))
    world.drain()
    assert world.values("ann")[0] == 6
    assert world.written() == {f"e{n}": 1 for n in range(6)}
    assert world.meters.totals == {"replayed": 5, "accepted": 1}


def test_every_table_is_as_new_as_the_log_that_was_folded(world: FoldWorld) -> None:
    """Also one of facts that nobody changes: the gateway tells the age of the oldest table a segmenter reads."""
    with world.state.begin_generation("profile") as generation:
        generation.commit(NOON_US - DAY)
    world.publish(world.event("ann"))
    world.drain()
    world.worker.between(world.consumer)
    assert world.state.watermark_us("profile") == world.state.watermark_us("events@3600") == NOON_US


def test_a_state_that_lost_its_newest_writes_is_folded_again(world: FoldWorld) -> None:
    """A store set back to yesterday is told by its positions, and made good from the log."""
    world.publish(world.event("ann"))
    world.drain()
    before = {name: (dict(table.rows), dict(table.positions)) for name, table in world.state.tables.items()}
    world.publish(world.event("ann"), world.event("bob"))
    world.drain()
    for name, (rows, positions) in before.items():
        world.state.tables[name].rows = rows
        world.state.tables[name].positions = positions
    world.publish(world.event("ann", event_id="last"))
    import threading

    stop = threading.Event()
    thread = threading.Thread(target=world.worker.run, args=(world.consumer, stop))
    thread.start()
    for _ in range(500):
        if world.values("ann")[0] == 3:
            break
        stop.wait(0.01)
    stop.set()
    thread.join()
    assert world.values("ann")[0] == 3
    assert world.values("bob")[0] == 1
    assert set(world.written().values()) == {1}
    assert len(world.written()) == 4
    assert any("reading the log again" in sentence for sentence in world.said)


def test_a_damaged_log_ends_the_worker(world: FoldWorld) -> None:
    """Records that are gone are not skipped, and not asked for without end."""
    import threading

    world.log.fault = LogDamaged("offset 7 of partition 0 cannot be read")
    with pytest.raises(LogDamaged, match="offset 7"):
        world.worker.run(world.consumer, threading.Event())


def test_two_hops_are_two_tables_of_the_same_verdicts(tmp_path: Path) -> None:
    """A view of another hop has a row of its own; an event is in the history once."""
    world = FoldWorld(tmp_path, catalog_of(SPEND, DAILY))
    world.publish(world.event("ann", event_id="e"), world.event("ann", event_id="e"))
    world.drain()
    assert world.values("ann")[0] == 1
    assert world.values("ann", DAILY) == [1]
    assert world.written() == {"e": 1}


@pytest.mark.parametrize("seed", range(8))
def test_kills_at_any_point_count_each_event_once(tmp_path: Path, seed: int) -> None:
    """Whatever was half done when the worker was killed: rows, history and the sum of values are exact afterwards."""
    draw = random.Random(seed)
    world = FoldWorld(tmp_path)
    users = [f"u{n}" for n in range(6)]
    want: dict[str, int] = dict.fromkeys(users, 0)
    ids = []

    class KilledError(Exception):
        """The worker is gone at this point."""

    for _ in range(12):
        for _ in range(draw.randint(0, 30)):
            user = draw.choice(users)
            event = world.event(user, NOON_US - draw.randint(0, 5 * HOUR), value=draw.randint(1, 999))
            want[user] += event.value or 0
            ids.append(event.event_id)
            world.publish(*[event] * draw.choice([1, 1, 1, 2]))
        steps = [draw.randint(0, 6)]

        def perhaps(steps: list[int] = steps) -> None:
            steps[0] -= 1
            if steps[0] < 0:
                raise KilledError

        real = type(world.state).transform

        def transform(self: State, *arguments: object, real: object = real, **named: object) -> object:
            perhaps()
            return real(self, *arguments, **named)  # type: ignore[operator]

        try:
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(type(world.state), "transform", transform)
                while records := world.consumer.poll(draw.randint(1, 20), 0.0):
                    world.worker.fold(records)
                    if draw.random() < 0.3:
                        perhaps()
                        world.history.flush()
        except KilledError:
            world.start()
    world.start()
    world.drain()
    assert {user: world.values(user)[1] for user in users if want[user]} == {u: v for u, v in want.items() if v}
    assert world.written() == dict.fromkeys(ids, 1)


def test_a_damaged_record_is_left_out_and_said(world: FoldWorld) -> None:
    """One record nobody can read stops neither its neighbours nor the worker."""
    import asyncio

    world.publish(world.event("ann"))
    asyncio.run(world.log.append([(0, b"\x01\x00garbage"), (0, b"\x01\x63" + bytes(80))]))
    world.publish(world.event("bob"))
    world.drain()
    assert world.values("ann")[0] == world.values("bob")[0] == 1
    assert sum("is left out" in sentence for sentence in world.said) == 2


def test_events_wait_in_the_log_until_a_windowed_view_is_applied(tmp_path: Path) -> None:
    """In a sentence, and facts go on; then each of them counts once."""
    world = FoldWorld(tmp_path, catalog_of(PROFILE))
    world.publish(world.event("ann", value=100))
    for _ in range(2):
        with pytest.raises(StrataError, match="they wait in the log until one is applied"):
            world.drain()
        world.start()
    world.catalog = catalog_of(SPEND, PROFILE)
    world.drain()
    assert world.values("ann")[:2] == [1.0, 100.0]
    world.history.flush()
    assert scan_events(tmp_path).num_rows == 1


def test_facts_replace_the_view_they_name(world: FoldWorld) -> None:
    """A profile update is the newest fact; an older one changes nothing; both are in the history."""

    def update(at_us: int, tail: bytes) -> PackedEvent:
        return PackedEvent("ann", f"p{at_us}", "profile_update", at_us, at_us, kind=RecordKind.PROFILE, tail=tail)

    from fold_world import PROFILE

    world.publish(update(NOON_US - 5, b'{"kids": 2}'), update(NOON_US - 9, b'{"kids": 3}'))
    world.publish(update(NOON_US - 1, b'{"tier": "gold"}'), update(NOON_US, b"no json"))
    world.drain()
    assert world.values("ann", PROFILE) == [2]
    world.history.flush()
    assert len(list((world.root / "profile").glob("*.parquet"))) == 1


class TestRebuilds:
    """A rebuilt generation is brought up to the log, then it is the current one."""

    def rebuilt(self, world: FoldWorld) -> None:
        """A rebuild from the history as it is now, finished and left hidden."""
        world.history.flush()
        events = EventBatch.from_arrow(scan_events(world.root))
        layout = world.catalog.tables()["events@3600"]
        reached = read_positions(world.root)
        with world.state.begin_generation("events@3600") as generation:
            generation.put(
                build_rows(layout, events, lambda user: reached.get(partition_of(user, world.log.partitions), 0) - 1)
            )
            generation.finish(GenerationNote(layout, reached).pack(), reached)

    def test_it_has_what_came_after_its_history_and_nothing_twice(self, world: FoldWorld) -> None:
        """Events folded between the history and the flip, repeats of earlier ones among them, count once."""
        first = world.event("ann", value=1)
        world.publish(first, world.event("bob", value=2))
        world.drain()
        self.rebuilt(world)
        world.publish(world.event("ann", value=4), first, world.event("cleo", value=8))
        world.drain()
        before = world.state.version()
        world.worker.between(world.consumer)
        assert world.state.version() != before
        world.publish(world.event("ann", value=16))
        world.drain()
        assert [world.values(user)[:2] for user in ("ann", "bob", "cleo")] == [[3, 21], [1, 2], [1, 8]]
        assert set(world.written().values()) == {1}

    def test_an_alias_that_came_after_its_history_is_made_there_too(self, world: FoldWorld) -> None:
        """The merge that is still in the log is known to be made."""
        world.publish(world.event("cookie", value=1), world.event("ann", value=2))
        world.drain()
        self.rebuilt(world)
        world.publish(world.event("cookie", value=4), world.alias("cookie", "ann"), world.event("cookie", value=8))
        world.drain()
        world.worker.between(world.consumer)
        world.publish(world.event("cookie", value=16))
        world.drain()
        assert world.values("ann")[:2] == [5, 31]

    def test_a_kill_before_the_flip_leaves_the_old_one_current(self, world: FoldWorld) -> None:
        """The next worker takes the rebuild up again."""
        world.publish(world.event("ann", value=1))
        world.drain()
        self.rebuilt(world)
        world.publish(world.event("ann", value=2))
        world.drain()
        world.start()
        assert world.values("ann")[:2] == [2, 3]
        world.drain()
        world.worker.between(world.consumer)
        assert world.values("ann")[:2] == [2, 3]
        assert any("is current" in sentence for sentence in world.said)


class TestAliases:
    """An anonymous id becomes a known user, once."""

    def test_its_state_merges_and_its_later_events_count_for_the_user(self, world: FoldWorld) -> None:
        """Before and after the alias, whatever the partitions."""
        world.publish(world.event("cookie", value=5, item_id="a"), world.event("ann", value=7, item_id="a"))
        world.drain()
        world.publish(world.alias("cookie", "ann"), world.event("cookie", value=11, item_id="b"))
        world.drain()
        assert world.values("ann") == [3, 23, 2]
        assert len(world.written()) == 3

    def test_a_second_alias_of_an_id_is_ignored(self, world: FoldWorld) -> None:
        """Whose an id is does not change again."""
        world.publish(world.event("cookie"), world.alias("cookie", "ann"), world.alias("cookie", "bob"))
        world.drain()
        assert world.values("ann")[0] == 1
        assert world.meters.totals["alias_repeated"] == 1

    def test_an_alias_of_an_alias_leads_to_its_end(self, world: FoldWorld) -> None:
        """Later events of the first id reach the last user."""
        world.publish(world.event("c1"), world.alias("c1", "c2"), world.alias("c2", "ann"))
        world.drain()
        world.publish(world.event("c1"), world.event("c2"))
        world.drain()
        assert world.values("ann")[0] == 3

    def test_a_circle_is_refused(self, world: FoldWorld) -> None:
        """The second half of a circle is ignored, and counted."""
        world.publish(world.event("a"), world.event("b"), world.alias("a", "b"), world.alias("b", "a"))
        world.drain()
        assert world.values("b")[0] == 2
        assert world.meters.totals["alias_circular"] == 1

    def test_an_unknown_id_may_be_aliased_before_it_does_anything(self, world: FoldWorld) -> None:
        """Its first event already counts for the user."""
        world.publish(world.alias("cookie", "ann"), world.event("cookie"))
        world.drain()
        assert world.values("ann")[0] == 1

    @pytest.mark.parametrize("seed", range(10))
    def test_kills_around_an_alias_merge_it_once(self, tmp_path: Path, seed: int) -> None:
        """A kill between sending the rows on and the tombstone sends them twice; they are merged once."""
        draw = random.Random(seed)
        world = FoldWorld(tmp_path)

        class KilledError(Exception):
            """The worker is gone at this point."""

        world.publish(*(world.event("cookie", value=3) for _ in range(4)), world.event("ann", value=10))
        world.publish(world.alias("cookie", "ann"))
        world.publish(*(world.event("cookie", value=100) for _ in range(3)))
        for _ in range(6):
            left = [draw.randint(0, 4)]
            real = type(world.state).transform

            def transform(self: State, *arguments: object, left: list[int] = left, **named: object) -> object:
                left[0] -= 1
                if left[0] < 0:
                    raise KilledError
                return real(self, *arguments, **named)  # noqa: B023

            try:
                with pytest.MonkeyPatch.context() as patched:
                    patched.setattr(type(world.state), "transform", transform)
                    while records := world.consumer.poll(draw.randint(1, 3), 0.0):
                        world.worker.fold(records)
            except KilledError:
                world.start()
        world.start()
        world.drain()
        assert world.values("ann")[:2] == [8, 322]
        assert len(world.written()) == 8
