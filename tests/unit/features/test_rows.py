"""Row bytes: round trips, bounds, and what damaged bytes do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from event_factories import HOP_S, NOON_US, batch_of, event_strategy, every_function, make_event, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.features.build import build_rows
from strata.features.builder import count, days, distinct, seconds, total
from strata.features.codec import decode, encode
from strata.features.evaluate import evaluate
from strata.features.evaluated import NO_TIME
from strata.features.events import EventBatch
from strata.features.fold import fold
from strata.features.plan import LATENESS_US
from strata.features.row import RowDamaged
from strata.features.tiles import TotalTooLarge

PLAN = plan_of(*every_function())
EVENTS = st.lists(event_strategy(), min_size=1, max_size=30)


def row_of(events: list[dict[str, Any]]) -> bytes:
    return dict(build_rows(PLAN, batch_of(events)))["u"]


@settings(max_examples=80, deadline=None)
@given(EVENTS)
def test_a_decoded_row_encodes_to_the_same_bytes(events: list[dict[str, Any]]) -> None:
    """Nothing is lost in a row, and its form is the only one."""
    row = row_of(events)
    state = decode(PLAN, row)
    assert state is not None
    assert encode(PLAN, state) == row
    assert len(row) % 8 == 0


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_a_damaged_row_never_a_crash(row: bytes) -> None:
    """Reading and folding give one sentence, for one row and for many."""
    for rows in ([row], [row, None, row]):
        with pytest.raises(RowDamaged, match="damaged"):
            evaluate(PLAN, rows, NOON_US)
    with pytest.raises(RowDamaged, match="damaged"):
        fold(PLAN, row, batch_of([make_event()]))


@settings(max_examples=150, deadline=None)
@given(EVENTS, st.data())
def test_a_truncated_row_is_damaged(events: list[dict[str, Any]], data: st.DataObject) -> None:
    """However much is missing."""
    row = row_of(events)
    cut = row[: data.draw(st.integers(0, len(row) - 1))]
    for rows in ([cut], [row, cut]):
        with pytest.raises(RowDamaged):
            evaluate(PLAN, rows, NOON_US)
    with pytest.raises(RowDamaged):
        fold(PLAN, cut, batch_of([make_event()]))


@settings(max_examples=300, deadline=None)
@given(EVENTS, st.data())
def test_flipped_bytes_give_an_answer_or_a_sentence(events: list[dict[str, Any]], data: st.DataObject) -> None:
    """A wrong byte may go unseen inside a number; it never reads outside the row or raises anything else."""
    row = bytearray(row_of(events))
    for _ in range(data.draw(st.integers(1, 4))):
        row[data.draw(st.integers(0, len(row) - 1))] = data.draw(st.integers(0, 255))
    for action in (
        lambda: evaluate(PLAN, [bytes(row)], NOON_US),
        lambda: evaluate(PLAN, [bytes(row), row_of(events)], NOON_US),
        lambda: fold(PLAN, bytes(row), batch_of([make_event()])),
    ):
        try:
            action()
        except (RowDamaged, TotalTooLarge):
            continue


def test_a_row_of_another_definition_counts_as_none() -> None:
    """After a view changes, old rows are missing until they are rebuilt, and a fold starts anew."""
    other = plan_of(count("n", window=seconds(50)))
    row = row_of([make_event()])
    for rows in ([row], [row, None]):
        result = evaluate(other, rows, NOON_US)
        assert result.status.tolist() == [[1]] * len(rows)
        assert result.newest_us.tolist() == [NO_TIME] * len(rows)
    folded = fold(other, row, batch_of([make_event(), make_event()]))
    assert evaluate(other, [folded.row], NOON_US).values.tolist() == [[2.0]]


def test_no_rows_make_an_empty_answer() -> None:
    """An empty batch is an empty matrix, and no events are no rows."""
    assert evaluate(PLAN, [], NOON_US).values.shape == (0, PLAN.width)
    assert list(build_rows(PLAN, batch_of([]))) == []
    assert fold(PLAN, None, batch_of([])).row is None


def test_a_user_whose_events_match_nothing_is_known_and_empty() -> None:
    """Seen is not missing: counts are 0 and PRESENT."""
    plan = plan_of(count("n", window=seconds(50)), total("v", of="value", window=seconds(50)))
    row = fold(plan, None, batch_of([make_event(event_time_us=NOON_US - 10**12)])).row
    result = evaluate(plan, [row], NOON_US)
    assert result.values.tolist() == [[0.0, 0.0]]
    assert result.status.tolist() == [[0, 0]]


def test_rows_stay_bounded_and_trimming_changes_no_answer() -> None:
    """Tiles and ids no window or repeat can reach are dropped, in a bulk build and in folds alike."""
    plan = plan_of(count("n", window=days(1)), distinct("s", of="session_id", window=days(1)), hop_s=3_600)
    step = 12 * 3_600_000_000
    events = [make_event(event_time_us=NOON_US + n * step, session_id=f"s{n}") for n in range(200)]
    built = dict(build_rows(plan, batch_of(events)))["u"]
    row = None
    for event in events:
        row = fold(plan, row, batch_of([event])).row
    assert row == built
    state = decode(plan, built)
    assert state is not None
    horizon = events[-1]["event_time_us"] - days(1) - 3_600_000_000 - LATENESS_US
    assert state.tile.min() >= horizon // 3_600_000_000
    assert 10 < len(state.tile) < 20
    assert len(state.seen_us) == 15
    assert evaluate(plan, [built], events[-1]["event_time_us"]).values.tolist() == [[3.0, 3.0]]


def test_a_redelivered_event_stamped_anew_is_a_duplicate_within_h_and_late_beyond() -> None:
    """Whatever the delay, it is never counted twice."""
    plan = plan_of(count("n", window=days(30)), hop_s=3_600)
    first = make_event(event_id="same")
    newer = make_event(event_time_us=NOON_US + days(3))
    row = fold(plan, None, batch_of([first, newer])).row
    again = fold(plan, row, batch_of([{**first, "recorded_us": NOON_US + days(4)}]))
    assert (again.row, again.accepted, again.duplicate, again.late) == (row, 0, 1, 0)
    beyond = fold(plan, row, batch_of([{**first, "recorded_us": NOON_US + days(7) + 1}]))
    assert (beyond.row, beyond.accepted, beyond.duplicate, beyond.late) == (row, 0, 0, 1)


@pytest.mark.parametrize("count_of_each", [1, 2])
def test_totals_that_would_leave_64_bits_are_refused_in_words(count_of_each: int) -> None:
    """Neither a bulk build nor a fold wraps around."""
    plan = plan_of(total("v", of="value", window=seconds(50)))
    huge = 2**62 // count_of_each
    with pytest.raises(TotalTooLarge, match="64 bits"):
        list(build_rows(plan, batch_of([make_event(value=huge) for _ in range(count_of_each)])))
    row = fold(plan, None, batch_of([make_event(value=2**61)])).row
    with pytest.raises(TotalTooLarge, match="64 bits"):
        fold(plan, row, batch_of([make_event(value=2**61)]))
    apart = [make_event(value=2**61, user_id=user) for user in ("a", "b")]
    assert len(list(build_rows(plan, batch_of(apart)))) == 2


def test_large_totals_are_exact_integers_until_the_one_division() -> None:
    """2**60 + 1 - 2**60 is 1, whatever the order."""
    plan = plan_of(total("v", of="value", window=seconds(50), scale=1))
    values = [2**60, 1, -(2**60)]
    row = None
    for value in values:
        row = fold(plan, row, batch_of([make_event(value=value)])).row
    assert evaluate(plan, [row], NOON_US).values.tolist() == [[1.0]]


def test_the_window_rounds_down_at_its_tail_and_not_at_its_head() -> None:
    """floor((t - W) / hop) * hop <= event_time <= t, to the microsecond."""
    plan = plan_of(count("n", window=seconds(30)))
    hop = HOP_S * 1_000_000
    row = fold(plan, None, batch_of([make_event(event_time_us=NOON_US)])).row
    moments = [NOON_US, NOON_US + 4 * hop - 1, NOON_US + 4 * hop]
    assert [evaluate(plan, [row], t).values[0, 0] for t in moments] == [1.0, 1.0, 0.0]
    assert evaluate(plan, [row], NOON_US - 1).values[0, 0] == 0.0


def test_fold_takes_one_user_and_by_user_makes_such_batches() -> None:
    """Several users in one fold are a caller's mistake; by_user splits a batch, users in byte order."""
    batch = batch_of([make_event(user_id=user) for user in ("b", "a", "ü", "a")])
    with pytest.raises(ValueError, match="by_user"):
        fold(PLAN, None, batch)
    assert [(user, len(events)) for user, events in batch.by_user()] == [("a", 2), ("b", 1), ("ü", 1)]
    built = dict(build_rows(PLAN, batch))
    assert list(built) == ["a", "b", "ü"]
    assert {user: fold(PLAN, None, events).row for user, events in batch.by_user()} == built


def test_an_arrow_table_of_the_history_makes_the_same_batch() -> None:
    """Rows from Arrow columns equal rows from Python columns, nulls and chunks included."""
    pa = pytest.importorskip("pyarrow")
    from strata.events import event_schema

    events = [make_event(value=None, item_id="ü"), make_event(category=None, discount=3), make_event(session_id=None)]
    renamed = [{**event, "event_time": event["event_time_us"], "recorded_at": event["recorded_us"]} for event in events]
    schema = event_schema()
    columns = {name: [event[name] for event in renamed] for name in schema.names}
    table = pa.table(columns, schema=schema)
    parts = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    wanted = dict(build_rows(PLAN, batch_of(events)))
    assert dict(build_rows(PLAN, EventBatch.from_arrow(table))) == wanted
    assert dict(build_rows(PLAN, EventBatch.from_arrow(parts))) == wanted
    assert len(EventBatch.from_arrow(table.slice(0, 0))) == 0


def test_evaluating_many_rows_of_every_width_agrees_with_each_alone() -> None:
    """Tile, count and total widths of 1 to 8 bytes side by side in one batch."""
    plan = plan_of(count("n", window=seconds(10**7)), total("v", of="value", window=seconds(10**7)), hop_s=1)
    rows = []
    for number, at, value in ((1, 0, 1), (200, 3_000 * 10**12, 300), (40_000, NOON_US, 10**5), (3, NOON_US, 2**50)):
        users = [make_event(event_time_us=at - n % 7, value=value, event_id=str(n)) for n in range(number)]
        rows.append(dict(build_rows(plan, batch_of(users)))["u"])
    for t_us in (NOON_US, 3_000 * 10**12):
        together = evaluate(plan, rows, t_us).values
        np.testing.assert_array_equal(together, [evaluate(plan, [row], t_us).values[0] for row in rows])
    assert evaluate(plan, rows, NOON_US).values.tolist()[2:] == [[40_000.0, 4e7], [3.0, 3 * 2**50 / 100]]
