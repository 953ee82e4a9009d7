"""Row bytes: round trips, and what damaged rows, tombstones and records do, by both implementations."""

from __future__ import annotations

from collections.abc import Callable
from struct import pack_into
from typing import Any

import pytest
from event_factories import NOON_US, event_strategy, every_function, make_event, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import Folding, layout_of, reader_of, record_of, row_of

from strata.features.fold import fold_moved, fold_users, header_of, merge_rows, moved_row, target_of
from strata.features.packed import RecordDamaged
from strata.features.row_reader import decode
from strata.features.row_writer import encode, encode_moved
from strata.features.user_row import RowDamaged
from strata.features.user_state import UserState

pytestmark = pytest.mark.usefixtures("implementation")
PLAN = plan_of(*every_function())
LAYOUT = layout_of(PLAN)
EVENTS = st.lists(event_strategy(), min_size=1, max_size=30)
RECORD = record_of(make_event(event_id="known"))
ROW = row_of(LAYOUT, [make_event()])


def folded(events: list[dict[str, Any]]) -> bytes:
    """The events' row, with a log behind them."""
    folding = Folding(LAYOUT)
    folding.fold([make_event(), *sorted(events, key=lambda event: event["recorded_us"])], offset=3)
    return folding.rows["u"]


def uses(row: bytes) -> list[Callable[[], object]]:
    """Everything that is done to a row that may be damaged."""
    reader = reader_of(LAYOUT, PLAN)
    assert ROW is not None
    return [
        lambda: reader.one([row], NOON_US),
        lambda: reader.many([[None, ROW, row]], NOON_US),
        lambda: fold_users(LAYOUT, [None, row], [RECORD, RECORD], [1, 0], [-1, 900]),
        lambda: fold_moved(LAYOUT, row, [RECORD], [900]),
        lambda: merge_rows(LAYOUT, ROW, row, log_position=9),
        lambda: merge_rows(LAYOUT, row, ROW, log_position=9),
        lambda: moved_row(LAYOUT, row, "ann", 9),
        lambda: target_of(row),
        lambda: header_of(row),
    ]


def answers_or_says_so(row: bytes) -> int:
    """How many of the uses refuse the row; anything but an answer or that sentence fails."""
    refused = 0
    for use in uses(row):
        try:
            use()
        except RowDamaged:
            refused += 1
    return refused


@settings(max_examples=25, deadline=None)
@given(EVENTS)
def test_a_decoded_row_encodes_to_the_same_bytes(events: list[dict[str, Any]]) -> None:
    """Nothing is lost in a row or tombstone, and its form is the only one."""
    row = folded(events)
    state = decode(LAYOUT, row)
    assert state is not None
    assert encode(LAYOUT, state) == row
    tombstone = moved_row(LAYOUT, row, "ann", 0)
    kept = decode(LAYOUT, tombstone)
    assert kept is not None
    assert encode_moved(LAYOUT, kept, "ann") == tombstone
    assert kept.seen == state.seen


def test_an_empty_state_is_a_row_too() -> None:
    """As merging with a row of another layout makes."""
    row = encode(LAYOUT, UserState.empty(LAYOUT))
    assert decode(LAYOUT, row) == UserState.empty(LAYOUT)
    assert answers_or_says_so(row) == 1  # it is no tombstone


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b"STU1" + tail))
def test_random_bytes_are_a_damaged_row_never_a_crash(row: bytes) -> None:
    """Reading, folding, merging and moving give one sentence."""
    reader = reader_of(LAYOUT, PLAN)
    for use in (
        lambda: reader.one([row], NOON_US),
        lambda: reader.many([[None, row]], NOON_US),
        lambda: fold_users(LAYOUT, [row], [RECORD], [0], [-1]),
    ):
        with pytest.raises(RowDamaged, match="damaged"):
            use()
    answers_or_says_so(row)


@settings(max_examples=25, deadline=None)
@given(EVENTS, st.data())
def test_a_truncated_row_is_damaged(events: list[dict[str, Any]], data: st.DataObject) -> None:
    """However much is missing; also when its size is made to fit what is left."""
    row = folded(events)
    cut = bytearray(row[: data.draw(st.integers(0, len(row) - 1))])
    for mended in (False, True):
        if mended and len(cut) >= 64:
            pack_into("<I", cut, 4, len(cut))
        assert answers_or_says_so(bytes(cut)) >= 7


@settings(max_examples=50, deadline=None)
@given(EVENTS, st.booleans(), st.data())
def test_flipped_bits_give_an_answer_or_a_sentence(
    events: list[dict[str, Any]], moved: bool, data: st.DataObject
) -> None:
    """A wrong bit may go unseen inside a number; it never reads outside the row or raises anything else."""
    row = bytearray(folded(events))
    if moved:
        row = bytearray(moved_row(LAYOUT, bytes(row), "ann ü", 50))
    where = st.integers(0, len(row) - 1) | st.integers(0, 63) | st.integers(64, min(len(row), 160) - 1)
    for _ in range(data.draw(st.integers(1, 4))):
        row[data.draw(where)] ^= 1 << data.draw(st.integers(0, 7))
    answers_or_says_so(bytes(row))


@settings(max_examples=30, deadline=None)
@given(EVENTS, st.sampled_from([16, 24, 32, 40, 44, 48, 52, 56]), st.sampled_from([0, 1, 2**31 - 1, 2**31, 2**32 - 1]))
def test_absurd_headers_give_an_answer_or_a_sentence(events: list[dict[str, Any]], at: int, number: int) -> None:
    """Counts of billions make nothing be asked for; times at the ends of 64 bits leave none."""
    row = bytearray(folded(events))
    pack_into("<I", row, at, number)
    answers_or_says_so(bytes(row))
    if at in (16, 24, 32, 56):
        pack_into("<I", row, at + 4, number)
        answers_or_says_so(bytes(row))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: b"\x01\x00" + tail))
def test_random_bytes_are_a_damaged_record(record: bytes) -> None:
    """Nothing of the batch is folded."""
    with pytest.raises(RecordDamaged, match="damaged"):
        fold_users(LAYOUT, [None, None], [RECORD, record], [0, 1], [1, 2])


@settings(max_examples=50, deadline=None)
@given(event_strategy(), st.data())
def test_flipped_and_missing_bytes_of_a_record_give_a_verdict_or_a_sentence(
    event: dict[str, Any], data: st.DataObject
) -> None:
    """By the fold of a row and of a tombstone."""
    record = bytearray(record_of(event))
    for _ in range(data.draw(st.integers(0, 4))):
        record[data.draw(st.integers(0, len(record) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    cut = record[: data.draw(st.just(len(record)) | st.integers(0, len(record)))]
    tombstone = moved_row(LAYOUT, ROW, "ann", 0)
    for use in (
        lambda: fold_users(LAYOUT, [ROW], [bytes(cut)], [0], [-1]).verdicts,
        lambda: fold_moved(LAYOUT, tombstone, [bytes(cut)], [-1]).verdicts,
    ):
        try:
            assert 0 <= use()[0] <= 6
        except RecordDamaged:
            continue


@pytest.mark.parametrize("column", ["event_time_us", "recorded_us"])
@pytest.mark.parametrize(
    ("at_us", "whole"), [(2**57, True), (2**57 + 1, False), (-(2**57) - 1, False), (2**63 - 1, False)]
)
def test_a_time_thousands_of_years_away_is_damage(column: str, at_us: int, whole: bool) -> None:
    """Arithmetic on times never leaves 64 bits."""
    record = record_of(make_event(**{"event_time_us": 2**57, "recorded_us": 2**57, column: at_us}))
    if whole:
        assert fold_users(LAYOUT, [None], [record], [0], [-1]).verdicts.tolist() == [0]
    else:
        with pytest.raises(RecordDamaged, match="thousands of years"):
            fold_users(LAYOUT, [None], [record], [0], [-1])


def test_a_sum_that_no_events_can_have_is_damage() -> None:
    """A flipped bit may make one; adding to it is refused, not wrapped around."""
    state = decode(LAYOUT, folded([]))
    assert state is not None
    for column in state.sums.values():
        for tile in column:
            column[tile] = 2**63 - 1
    row = encode(LAYOUT, state)
    with pytest.raises(RowDamaged, match="64 bits"):
        fold_users(LAYOUT, [row], [RECORD], [0], [-1])
    with pytest.raises(RowDamaged, match="64 bits"):
        merge_rows(LAYOUT, row, row, log_position=1)
