"""What every online state promises: the fake's tests are the real one's."""

from __future__ import annotations

import pytest

from strata.errors import InputInvalid, StoreUnavailable
from strata.state import State


def test_a_view_never_built_reads_none_for_everyone(state: State) -> None:
    """An unknown view is an empty one, without a watermark."""
    assert state.read("spend", ["a", "b"]) == [None, None]
    assert state.watermark_us("spend") is None


def test_rows_come_back_in_the_order_asked_repeats_and_strangers_included(state: State) -> None:
    """Reading answers every position asked."""
    assert state.put("spend", [("b", b"2"), ("a", b"1")]) == 2
    assert state.read("spend", ["a", "x", "b", "a"]) == [b"1", None, b"2", b"1"]
    assert state.read("spend", []) == []


def test_a_put_replaces_and_other_views_keep_theirs(state: State) -> None:
    """The same user has a row of their own in each view."""
    state.put("spend", [("a", b"1")])
    state.put("profile", [("a", b"p")])
    state.put("spend", [("a", b"11")])
    assert state.read_views(["profile", "spend", "none"], ["a", "b"]) == [[b"p", None], [b"11", None], [None, None]]


@pytest.mark.parametrize("user", ["a", "b", "stranger", "", "x" * 600, "\ud800"])
def test_one_user_is_read_as_among_many(state: State, user: str) -> None:
    """Ids that cannot be keys are nobody's."""
    state.put("profile", [("a", b"p")])
    state.put("spend", [("a", b"1"), ("b", b"2")])
    for tables in (["profile", "spend", "none"], ["spend"], []):
        assert state.read_user(tables, user) == [rows[0] for rows in state.read_views(tables, [user])]


def test_an_empty_batch_is_no_trouble(state: State) -> None:
    """Nothing put, nothing updated, an empty generation: all counted as 0."""
    assert state.put("spend", []) == 0
    assert state.update("spend", [], lambda user, row: b"x") == 0
    with state.begin_generation("spend") as generation:
        assert generation.put([]) == 0
        generation.commit(5)
    assert state.read("spend", ["a"]) == [None]
    assert state.watermark_us("spend") == 5


@pytest.mark.parametrize("user", ["ü", "日本語", "a b/c:\x00", "x" * 256, "é" * 128, "🛒"])
def test_any_user_id_to_256_bytes_has_a_row(state: State, user: str) -> None:
    """Ids are text: any Unicode, up to 256 bytes of UTF-8."""
    state.put("spend", [(user, b"1")])
    assert state.read("spend", [user, user[:-1] + "?"]) == [b"1", None]


@pytest.mark.parametrize("user", ["", "x" * 257, "é" * 129, "\ud800"])
def test_an_id_that_cannot_be_is_refused_to_write_and_unknown_to_read(state: State, user: str) -> None:
    """A caller's odd id never breaks the others in its batch."""
    state.put("spend", [("a", b"1")])
    with pytest.raises(InputInvalid):
        state.put("spend", [("b", b"2"), (user, b"3")])
    assert state.read("spend", ["a", user, "b"]) == [b"1", None, None]


def test_update_sees_each_row_and_writes_what_it_returns(state: State) -> None:
    """Read, change, write; None leaves a row as it is."""
    state.put("spend", [("a", b"1"), ("keep", b"k")])
    seen: dict[str, bytes | None] = {}

    def change(user: str, row: bytes | None) -> bytes | None:
        seen[user] = row
        return None if user == "keep" else (row or b"") + b"+"

    assert state.update("spend", ["a", "new", "keep"], change) == 2
    assert seen == {"a": b"1", "new": None, "keep": b"k"}
    assert state.read("spend", ["a", "new", "keep"]) == [b"1+", b"+", b"k"]


def test_an_update_that_fails_changes_nothing(state: State) -> None:
    """An error in `change` undoes the rows before it."""
    state.put("spend", [("a", b"1"), ("b", b"1")])

    def change(user: str, row: bytes | None) -> bytes:
        if user == "b":
            raise ArithmeticError("no")
        return b"2"

    with pytest.raises(ArithmeticError):
        state.update("spend", ["a", "b"], change)
    assert state.read("spend", ["a", "b"]) == [b"1", b"1"]


def test_a_generation_is_invisible_until_its_commit_and_whole_after(state: State) -> None:
    """Readers see the old rows, then only the new ones."""
    state.put("spend", [("old", b"o"), ("both", b"o")])
    generation = state.begin_generation("spend")
    assert generation.put([("both", b"n"), ("new", b"n")]) == 2
    assert generation.put([("a", b"n")]) == 1
    assert state.read("spend", ["old", "both", "new"]) == [b"o", b"o", None]
    generation.commit(1_000)
    assert state.read("spend", ["old", "both", "new", "a"]) == [None, b"n", b"n", b"n"]
    assert state.watermark_us("spend") == 1_000


def test_generations_follow_one_another_and_carry_nothing_over(state: State) -> None:
    """Many rebuilds in a row: each holds its own rows alone."""
    for number in range(5):
        with state.begin_generation("spend") as generation:
            generation.put([(f"u{number}", b"%d" % number), ("all", b"%d" % number)])
            generation.commit(-number)
        users = [f"u{n}" for n in range(5)]
        assert state.read("spend", users) == [b"%d" % n if n == number else None for n in range(5)]
        assert state.read("spend", ["all"]) == [b"%d" % number]
        assert state.watermark_us("spend") == -number


def test_an_aborted_generation_leaves_no_trace(state: State) -> None:
    """Leaving the block without a commit, by an error or not, changes nothing."""
    state.put("spend", [("a", b"1")])

    def rebuild() -> None:
        with state.begin_generation("spend") as generation:
            generation.put([("a", b"2"), ("b", b"2")])
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        rebuild()
    assert state.read("spend", ["a", "b"]) == [b"1", None]
    with state.begin_generation("spend") as generation:
        generation.put([("c", b"3")])
        generation.commit(1)
    assert state.read("spend", ["a", "b", "c"]) == [None, None, b"3"]


def test_a_second_rebuild_voids_the_first(state: State) -> None:
    """Of two rebuilds of one view the later one counts; the earlier is told at its next step."""
    first = state.begin_generation("spend")
    first.put([("a", b"1")])
    second = state.begin_generation("spend")
    with pytest.raises(StoreUnavailable):
        first.put([("b", b"1")])
    with pytest.raises(StoreUnavailable):
        first.commit(1)
    first.abort()
    second.put([("c", b"2")])
    second.commit(2)
    assert state.read("spend", ["a", "b", "c"]) == [None, None, b"2"]
    with pytest.raises(StoreUnavailable):
        second.commit(3)


def test_a_generation_takes_users_in_any_order_and_the_last_row_of_each(state: State) -> None:
    """Order only makes it faster."""
    with state.begin_generation("spend") as generation:
        generation.put([("m", b"1"), ("z", b"1")])
        generation.put([("a", b"1"), ("z", b"2"), ("b", b"1")])
        generation.commit(0)
    assert state.read("spend", ["a", "b", "m", "z"]) == [b"1", b"1", b"1", b"2"]


def test_more_rows_than_the_map_began_with_are_all_there(state: State) -> None:
    """The store grows as it must."""
    rows = [(f"{number:06d}", b"%d" % number * 700) for number in range(3_000)]
    with state.begin_generation("spend") as generation:
        assert generation.put(rows) == 3_000
        generation.commit(0)
    state.put("spend", [("big", b"x" * 2_000_000)])
    assert state.read("spend", ["000000", "002999", "big"]) == [b"0" * 700, b"2999" * 700, b"x" * 2_000_000]
