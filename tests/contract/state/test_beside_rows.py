"""What every online state keeps beside its rows: notes, log positions, watermarks, versions and leases."""

from __future__ import annotations

import time

import pytest

from strata.errors import InputInvalid, PositionsDiffer, StoreUnavailable
from strata.state import State
from strata.state.ports import Rows

TABLE = "events_history@3600"


def append_x(rows: Rows) -> Rows:
    """Every row, one byte longer."""
    return [(row or b"") + b"x" for row in rows]


def refuse(rows: Rows) -> Rows:
    """No change at all."""
    raise ArithmeticError


def test_a_batch_is_changed_as_one_in_the_order_given(state: State) -> None:
    """One call with every row; None leaves a row alone; the count is of rows written."""
    state.put(TABLE, [("b", b"2"), ("a", b"1")])
    seen: list[Rows] = []

    def change(rows: Rows) -> Rows:
        seen.append(list(rows))
        return [b"a+", None, b"new"]

    assert state.transform(TABLE, ["a", "b", "c"], change) == 2
    assert seen[-1] == [b"1", b"2", None]
    assert state.read(TABLE, ["a", "b", "c"]) == [b"a+", b"2", b"new"]
    assert state.transform(TABLE, [], lambda rows: []) == 0


def test_a_batch_that_fails_writes_no_row_no_position_and_no_watermark(state: State) -> None:
    """An error in the change, a wrong number of rows and an impossible user undo everything."""
    state.transform(TABLE, ["a"], append_x, positions={0: 5}, watermark_us=50)
    for users, change, error in (
        (["a", "b"], refuse, ArithmeticError),
        (["a", "b"], lambda rows: [b"1"], ValueError),
        (["a", ""], append_x, InputInvalid),
    ):
        with pytest.raises(error):
            state.transform(TABLE, users, change, positions={0: 9}, watermark_us=90)
    assert state.read(TABLE, ["a", "b"]) == [b"x", None]
    assert (state.positions(TABLE), state.watermark_us(TABLE)) == ({0: 5}, 50)


def test_positions_and_watermark_come_with_their_rows(state: State) -> None:
    """Each partition keeps its own position; a batch without any leaves them."""
    assert state.positions(TABLE) == {}
    state.transform(TABLE, ["a"], append_x, positions={0: 5, 7: 2**40}, watermark_us=50)
    state.transform(TABLE, ["a"], append_x, positions={1: 0})
    state.transform(TABLE, ["b"], append_x)
    assert state.positions(TABLE) == {0: 5, 7: 2**40, 1: 0}
    assert state.watermark_us(TABLE) == 50
    state.put_positions(TABLE, {0: 6})
    assert state.positions(TABLE) == {0: 6, 7: 2**40, 1: 0}
    assert state.positions("other") == {}


@pytest.mark.parametrize("expected", [{0: 4}, {0: 6}, {0: 5, 1: 0}])
def test_a_batch_is_refused_when_positions_are_not_those_expected(state: State, expected: dict[int, int]) -> None:
    """A store that lost its newest writes, or that another worker wrote to, is noticed before anything is written."""
    state.transform(TABLE, ["a"], append_x, positions={0: 5, 2: 9})
    with pytest.raises(PositionsDiffer) as caught:
        state.transform(TABLE, ["a"], append_x, positions={0: 7}, expected=expected, watermark_us=1)
    assert caught.value.stored == {partition: {0: 5}.get(partition) for partition in expected}
    assert state.read(TABLE, ["a"]) == [b"x"]
    assert (state.positions(TABLE), state.watermark_us(TABLE)) == ({0: 5, 2: 9}, None)
    assert state.transform(TABLE, ["a"], append_x, positions={0: 7}, expected={0: 5}) == 1
    assert state.read(TABLE, ["a"]) == [b"xx"]


def test_a_watermark_moves_without_a_flip_and_its_note_with_it(state: State) -> None:
    """A worker that has applied everything says so; readers need not look for new slots."""
    state.put(TABLE, [("a", b"1")])
    before = state.version()
    assert state.note(TABLE) is None
    state.set_watermark(TABLE, 10, b"one")
    state.set_watermark(TABLE, 20)
    state.transform(TABLE, ["a"], append_x, positions={0: 1}, watermark_us=30)
    state.put_positions(TABLE, {0: 2})
    assert (state.watermark_us(TABLE), state.note(TABLE), state.version()) == (30, b"one", before)
    state.set_watermark(TABLE, 40, b"")
    assert state.note(TABLE) is None


def test_the_version_changes_with_every_flip_of_any_table(state: State) -> None:
    """What was learnt from a note can be kept for as long as the version is the same."""
    versions = {state.version()}
    for number in range(3):
        for table in (TABLE, "profile"):
            with state.begin_generation(table) as generation:
                generation.put([("a", b"%d" % number)])
                assert state.version() in versions
                generation.commit(number)
            assert state.version() not in versions
            versions.add(state.version())


def test_a_flip_brings_its_own_note_and_positions(state: State) -> None:
    """What belonged to the old rows goes with them."""
    state.transform(TABLE, ["a"], append_x, positions={0: 5, 1: 6}, watermark_us=1)
    state.set_watermark(TABLE, 2, b"old")
    with state.begin_generation(TABLE) as generation:
        assert generation.positions() == {}
        generation.put([("b", b"1")])
        generation.transform(["b", "c"], append_x, positions={0: 3})
        assert (state.note(TABLE), state.positions(TABLE)) == (b"old", {0: 5, 1: 6})
        generation.commit(9, b"new")
    assert (state.note(TABLE), state.positions(TABLE), state.watermark_us(TABLE)) == (b"new", {0: 3}, 9)
    assert state.read(TABLE, ["a", "b", "c"]) == [None, b"1x", b"x"]
    with state.begin_generation(TABLE) as generation:
        generation.commit(10)
    assert (state.note(TABLE), state.positions(TABLE)) == (None, {})


def test_a_finished_rebuild_waits_for_whoever_takes_it_up(state: State) -> None:
    """It stays hidden when its builder leaves, and takes more rows and positions before its flip."""
    state.put(TABLE, [("old", b"o")])
    assert state.open_finished(TABLE) is None
    with state.begin_generation(TABLE) as generation:
        generation.put([("a", b"1"), ("z", b"1")])
        assert generation.note == b""
        assert state.open_finished(TABLE) is None
        generation.finish(b"built", {0: 3})
        assert generation.note == b"built"
    assert state.read(TABLE, ["old", "a"]) == [b"o", None]

    adopted = state.open_finished(TABLE)
    assert adopted is not None
    assert (adopted.note, adopted.positions()) == (b"built", {0: 3})
    assert adopted.transform(["z", "m"], append_x, positions={0: 4, 1: 1}, expected={0: 3}) == 2
    with pytest.raises(PositionsDiffer):
        adopted.transform(["z"], append_x, positions={0: 5}, expected={0: 3})
    adopted.put([("b", b"2")])
    adopted.commit(7)
    assert state.read(TABLE, ["old", "a", "b", "m", "z"]) == [None, b"1", b"2", b"x", b"1x"]
    assert (state.note(TABLE), state.positions(TABLE), state.watermark_us(TABLE)) == (b"built", {0: 4, 1: 1}, 7)
    assert state.open_finished(TABLE) is None


def test_taking_up_a_rebuild_refuses_whoever_had_it(state: State) -> None:
    """Two workers that both believe a rebuild theirs: the later one is right, and the work so far stays."""
    first = state.begin_generation(TABLE)
    first.finish(b"n")
    second = state.open_finished(TABLE)
    third = state.open_finished(TABLE)
    assert second is not None
    assert third is not None
    for void in (first, second):
        with pytest.raises(StoreUnavailable):
            void.transform(["a"], append_x)
        with pytest.raises(StoreUnavailable):
            void.commit(1)
        void.abort()
    third.transform(["a"], append_x)
    third.commit(1)
    assert state.read(TABLE, ["a"]) == [b"x"]


def test_a_finished_rebuild_can_still_be_dropped(state: State) -> None:
    """By an abort, or by a new rebuild; nothing of it is left."""
    state.put(TABLE, [("old", b"o")])
    for drop in (lambda built: built.abort(), lambda built: state.begin_generation(TABLE).abort()):
        built = state.begin_generation(TABLE)
        built.put([("a", b"1")])
        built.finish(b"n", {0: 1})
        drop(built)
        assert state.open_finished(TABLE) is None
    with state.begin_generation(TABLE) as generation:
        assert (generation.note, generation.positions()) == (b"", {})
        generation.commit(1)
    assert state.read(TABLE, ["old", "a"]) == [None, None]
    assert (state.note(TABLE), state.positions(TABLE)) == (None, {})


def test_a_lease_has_one_holder_until_it_is_dropped_or_runs_out(state: State, other: State) -> None:
    """Renewing is taking it again. Who holds it can be asked by anybody."""
    assert state.lease_holder("worker") is None
    assert state.hold_lease("worker", 30.0)
    assert state.hold_lease("worker", 30.0)
    holder = state.lease_holder("worker")
    assert holder
    assert other.lease_holder("worker") == holder
    assert not other.hold_lease("worker", 30.0)
    other.drop_lease("worker")
    assert state.lease_holder("worker") == holder
    state.drop_lease("worker")
    assert other.lease_holder("worker") is None
    assert other.hold_lease("worker", 0.05)
    assert state.lease_holder("worker") not in (None, holder)
    time.sleep(0.06)
    assert state.lease_holder("worker") is None
    assert state.hold_lease("worker", 30.0)
    assert not other.hold_lease("worker", 30.0)


@pytest.mark.parametrize("table", ["", "a/b", "x" * 201])
def test_a_table_that_cannot_be_is_refused(state: State, table: str) -> None:
    """In words, before anything happens."""
    with pytest.raises(StoreUnavailable, match="cannot be a table"):
        state.put(table, [("a", b"1")])
    with pytest.raises(StoreUnavailable, match="cannot be a table"):
        state.begin_generation(table)
