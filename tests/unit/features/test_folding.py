"""Folding: the same bytes whatever the batches, the order within the rules, and the implementation."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import oracle
import pytest
from event_factories import HOP_S, NOON_US, batch_of, event_strategy, every_function, make_event, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import TABLE, Folding, forced, layout_of, reader_of, record_of, row_of

from strata.features.build import at_position, build_rows
from strata.features.builder import count, days, distinct, last, maximum, seconds, total
from strata.features.fold import fold_batch, fold_users, header_of
from strata.features.fold_state import Verdict
from strata.features.layout import NUMBER_LIMIT, QUOTA_BLOCK_US
from strata.features.plan import LATENESS_US
from strata.features.row_reader import decode
from strata.features.user_state import SEEN_SLACK_US

HOP_US = HOP_S * 1_000_000
HOUR_US = 3_600_000_000
PLAN = plan_of(*every_function())
LAYOUT = layout_of(PLAN)
USERS = ("a", "b", "ü", "c")
LATE = LATENESS_US + 1
ANY_LOG = st.lists(event_strategy(users=USERS, delays_us=(LATE - 1, LATE)), max_size=50)
# An event accepted at the very end of H moves the watermark so far that older ids need no longer be known.
PROMPT = st.lists(event_strategy(users=USERS, delays_us=(LATE,)), max_size=40)


@st.composite
def logs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Events in the order a log has them, some sent twice, some with the id of another."""
    events = draw(ANY_LOG)
    again = [{**event, "recorded_us": event["recorded_us"] + draw(st.integers(0, LATE))} for event in events[::3]]
    renamed = [{**event, "event_id": events[0]["event_id"], "value": 5} for event in events[1::5]]
    return sorted(events + again + renamed, key=lambda event: event["recorded_us"])


def folded(log: list[dict[str, Any]], sizes: list[int], offset: int | None = 0) -> Folding:
    """The log in batches of these sizes, over and over."""
    folding, at = Folding(LAYOUT), 0
    while at < len(log):
        for size in sizes or [len(log)]:
            folding.fold(log[at : at + size], offset=None if offset is None else offset + at)
            at += size
    return folding


SIZES = st.lists(st.integers(1, 20), max_size=4)


@pytest.mark.usefixtures("implementation")
@settings(max_examples=35, deadline=None)
@given(logs(), SIZES, st.sampled_from([0, 7, 2**40, None]))
def test_batches_never_show_in_rows_or_verdicts(
    log: list[dict[str, Any]], sizes: list[int], offset: int | None
) -> None:
    """One by one, in batches and at once: equal bytes and verdicts, which are the oracle's."""
    at_once, in_pieces = folded(log, [], offset), folded(log, sizes, offset)
    assert in_pieces.rows == at_once.rows
    assert in_pieces.verdicts == at_once.verdicts == oracle.judged(log)


@settings(max_examples=35, deadline=None)
@given(logs(), SIZES)
def test_both_implementations_write_the_same_bytes(log: list[dict[str, Any]], sizes: list[int]) -> None:
    """Rows, verdicts, bulk rows and read values: byte by byte."""
    with forced("pure"):
        pure, built = folded(log, sizes), list(build_rows(LAYOUT, batch_of(log), 9))
        read = reader_of(LAYOUT, PLAN).many([list(pure.rows.values())], NOON_US)
    with forced("native"):
        native, compiled = folded(log, sizes), list(build_rows(LAYOUT, batch_of(log), 9))
        found = reader_of(LAYOUT, PLAN).many([list(pure.rows.values())], NOON_US)
    assert native.rows == pure.rows
    assert native.verdicts == pure.verdicts
    assert compiled == built
    assert found.values.tobytes() == read.values.tobytes()
    assert found.watermark_us.tolist() == read.watermark_us.tolist()
    assert found.newest_us.tolist() == read.newest_us.tolist()


@pytest.mark.usefixtures("implementation")
@settings(max_examples=35, deadline=None)
@given(PROMPT, st.randoms(use_true_random=False))
def test_the_order_of_events_never_shows(events: list[dict[str, Any]], shuffle: random.Random) -> None:
    """Shuffled, and some of them twice: the row of the bulk build, and no position but the one asked for."""
    again = events + events[: len(events) // 2]
    shuffle.shuffle(again)
    folding = folded(again, [3, 1], None)
    assert folding.rows == dict(build_rows(LAYOUT, batch_of(events)))
    assert {user: at_position(row, 77) for user, row in folding.rows.items()} == dict(
        build_rows(LAYOUT, batch_of(events), 77)
    )


@pytest.mark.usefixtures("implementation")
@settings(max_examples=25, deadline=None)
@given(ANY_LOG, ANY_LOG)
def test_a_bulk_row_and_what_came_later_make_the_row_of_all(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    """Build, then fold on: as building both, whenever the second part was recorded after the first."""
    turn_us = max((event["recorded_us"] for event in first), default=0) + 1
    second = [{**event, "recorded_us": max(turn_us, event["recorded_us"])} for event in second]
    second.sort(key=lambda event: (event["recorded_us"], event["event_id"].encode()))
    folding = Folding(LAYOUT)
    folding.rows = dict(build_rows(LAYOUT, batch_of(first)))
    folding.fold(second)
    assert folding.rows == dict(build_rows(LAYOUT, batch_of(first + second)))


@pytest.mark.usefixtures("implementation")
def test_bulk_rows_come_in_byte_order_of_user_each_at_its_own_position() -> None:
    """And a user of whom nothing counts has none."""
    events = [make_event(user_id=user) for user in ("b", "ü", "a", "z", "a")]
    events.append(make_event(user_id="late", recorded_us=NOON_US + LATE))
    built = list(build_rows(LAYOUT, batch_of(events), {"a": 1, "b": 22, "z": 333, "ü": 4_444}.__getitem__))
    assert [(user, header_of(row).log_position) for user, row in built] == [
        ("a", 1), ("b", 22), ("z", 333), ("ü", 4_444),
    ]  # fmt: skip
    assert list(build_rows(LAYOUT, batch_of([]))) == []


@pytest.mark.usefixtures("implementation")
def test_columns_fold_as_records_do() -> None:
    """`fold_batch` is `fold_users` of the same events, nulls and odd text included."""
    events = [make_event(value=None, item_id="ü"), make_event(category=None, discount=-3), make_event(session_id=None)]
    by_records = fold_users(LAYOUT, [None], [record_of(event) for event in events], [0, 0, 0], [4, 5, 6])
    by_columns = fold_batch(LAYOUT, [None], batch_of(events), np.zeros(3), [4, 5, 6])
    assert by_columns.rows == by_records.rows
    assert fold_batch(LAYOUT, [None], batch_of(events), np.zeros(3)).rows == [row_of(LAYOUT, events)]


@pytest.mark.usefixtures("implementation")
def test_nothing_in_leaves_everything_as_it_was() -> None:
    """No records; rows that no record names; and a user of whom nothing is accepted stays without a row."""
    row = row_of(LAYOUT, [make_event()])
    assert fold_users(LAYOUT, [row, None], [], [], []).rows == [row, None]
    refused = record_of(make_event(recorded_us=NOON_US + LATE))
    result = fold_users(LAYOUT, [row, None, None], [refused], [1], [-1])
    assert result.rows == [row, None, None]
    assert result.verdicts.tolist() == [Verdict.LATE]


@pytest.mark.usefixtures("implementation")
def test_tiles_and_ids_no_window_can_reach_are_dropped_and_no_answer_changes() -> None:
    """Folded one by one with half a day between, and years apart: rows stay small and equal to the bulk build's."""
    plan = plan_of(count("n", window=days(1)), distinct("s", of="session_id", window=days(1)), hop_s=3_600)
    layout, step = layout_of(plan, table="t@3600"), 12 * HOUR_US
    events = [make_event(event_time_us=NOON_US + n * step, session_id=f"s{n}") for n in range(200)]
    events += [make_event(event_time_us=NOON_US + (200 + n) * 1_000 * step, session_id=f"s{n}") for n in range(3)]
    folding, reader = Folding(layout), reader_of(layout, plan)
    for n, event in enumerate(events):
        folding.fold([event])
        row = folding.rows["u"]
        assert reader.one([row], event["event_time_us"]).values.tolist() == [min(n + 1, 3 if n < 200 else 1)] * 2
        state = decode(layout, row)
        assert state is not None
        assert len(state.tiles()) <= 3
        assert len(state.seen) <= 17
    assert folding.rows == dict(build_rows(layout, batch_of(events)))


@pytest.mark.usefixtures("implementation")
def test_an_id_is_remembered_to_the_microsecond_of_the_lateness_and_a_day() -> None:
    """One microsecond older, and it is no longer in the row."""
    edge_us = LATENESS_US + SEEN_SLACK_US
    for more, kept in ((0, 2), (1, 1)):
        row = row_of(LAYOUT, [make_event(), make_event(event_time_us=NOON_US + edge_us + more)])
        assert row is not None
        assert header_of(row).seen == kept


@pytest.mark.usefixtures("implementation")
def test_equal_times_have_no_order() -> None:
    """The greatest value is the last one of several at one time, whichever came first."""
    plan = plan_of(last("v", of="value", window=seconds(10)), maximum("m", of="value", window=seconds(10)))
    layout, reader = layout_of(plan), reader_of(layout_of(plan), plan)
    events = [make_event(value=value) for value in (-5, 300, None, 7)]
    for log in (events, events[::-1]):
        assert reader.one([row_of(layout, log)], NOON_US).values.tolist() == [3.0, 3.0]
    assert reader.one([row_of(layout, [events[0]])], NOON_US).values.tolist() == [-0.05, -0.05]


@pytest.mark.usefixtures("implementation")
def test_sums_are_whole_numbers_of_any_size_and_a_sum_of_nothing_leaves_nothing() -> None:
    """2**40 and 1 and -2**40 are 1; what cancels out is bytes for bytes what never was."""
    plan = plan_of(total("v", of="value", window=seconds(50), scale=1))
    layout, reader = layout_of(plan), reader_of(layout_of(plan), plan)
    big = [make_event(value=value, event_id=str(n)) for n, value in enumerate([NUMBER_LIMIT, 1, -NUMBER_LIMIT])]
    assert reader.one([row_of(layout, big)], NOON_US).values.tolist() == [1.0]
    many = [make_event(value=NUMBER_LIMIT, event_id=str(n)) for n in range(3_000)]
    assert reader.one([row_of(layout, many)], NOON_US).values.tolist() == [3_000.0 * NUMBER_LIMIT]
    nothing = [make_event(value=value, event_id=str(n)) for n, value in enumerate([5, -5])]
    zeros = [make_event(value=0, event_id=str(n)) for n in range(2)]
    assert row_of(layout, nothing) == row_of(layout, zeros)


@pytest.mark.usefixtures("implementation")
@pytest.mark.parametrize("tiles", [1, 8, 9, 63, 64, 65, 130])
@pytest.mark.parametrize("size", [1, 127, 128, 32_768, 2**31, NUMBER_LIMIT])
def test_numbers_of_every_width_over_any_number_of_tiles_come_back(tiles: int, size: int) -> None:
    """Widths of 1 to 8 bytes, and bit maps that end at, before and after a byte and a word."""
    plan = plan_of(
        total("all", of="value", window=seconds(2_000), scale=1), maximum("m", of="discount", window=seconds(2_000))
    )
    layout, reader = layout_of(plan), reader_of(layout_of(plan), plan)
    values = [-size if n % 2 else max(size - 1, 1) for n in range(tiles)]
    discounts = [n if n % 3 == 0 else None for n in range(tiles)]
    events = [
        make_event(event_time_us=NOON_US - n * HOP_US, value=values[n], discount=discounts[n]) for n in range(tiles)
    ]
    row = row_of(layout, events)
    assert row is not None
    assert header_of(row).tiles == tiles
    wanted = [sum(values), max(n for n in discounts if n is not None) / 100]
    assert reader.one([row], NOON_US).values.tolist() == wanted


@pytest.mark.usefixtures("implementation")
def test_the_extremes_of_time_fold_and_read() -> None:
    """Thousands of years either side of 1970, and both in one row."""
    for times in ([2**57], [-(2**57)], [-(2**57), 2**57], [2**57 - 1, -(2**57) + 1, 0]):
        log = sorted((make_event(event_time_us=at) for at in times), key=lambda event: event["recorded_us"])
        row = row_of(LAYOUT, log)
        assert row is not None
        values = reader_of(LAYOUT, PLAN).one([row], 2**57).values
        wanted = [oracle.feature(field.tags, log, 2**57) for field in PLAN.spec.fields]
        kept_us = max(times)
        if kept_us == 2**57:
            np.testing.assert_array_equal(values, [np.nan if value is None else value for value in wanted])
        assert header_of(row).newest_us == kept_us


def test_the_kernel_and_the_contract_name_the_same_numbers() -> None:
    """The table, the block and the limit that documents and the C kernel state."""
    assert (TABLE, QUOTA_BLOCK_US, NUMBER_LIMIT) == ("events@10", 30 * 24 * HOUR_US, 2**40)
