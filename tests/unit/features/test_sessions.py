"""Sessions, by a pause and by id: against the oracle, in any order and batch, merged, kept and damaged."""

from __future__ import annotations

import math
import random
import tracemalloc
from typing import Any

import numpy as np
import oracle
import pytest
from event_factories import NOON_US, batch_of, make_event, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import Folding, forced, layout_of, reader_of, record_of, row_of

from strata.errors import DefinitionInvalid
from strata.features.build import build_rows
from strata.features.builder import (
    Feature,
    click_through,
    count,
    days,
    event_type,
    fields,
    hours,
    session_depth,
    session_duration,
    sessions,
)
from strata.features.fold import fold_users, merge_rows
from strata.features.plan import LATENESS_US
from strata.features.row_reader import decode
from strata.features.row_writer import encode
from strata.features.sessions import ID_PAUSE_US, PAUSE_US
from strata.features.user_row import HEADER, RowDamaged

pytestmark = pytest.mark.usefixtures("implementation")
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


def session_features() -> list[Feature]:
    """Each function, by pause and by id, over three windows, some filtered."""
    features = [click_through("clicked", window=days(3)), count("n", window=days(3))]
    for hours_ in (1, 3, 72):
        for of, tag in (("*", "pause"), ("session_id", "id")):
            at: dict[str, Any] = {"window": hours(hours_), "of": of}
            name = f"{tag}_{hours_}h"
            features += [
                sessions(f"sessions_{name}", **at),
                sessions(f"viewing_{name}", where=event_type.ne("purchase"), **at),
                session_duration(f"duration_{name}", **at),
                session_depth(f"depth_{name}", where=event_type.ne("click"), **at),
                session_depth(f"all_depth_{name}", **at),
            ]
    return features


PLAN = plan_of(*session_features(), hop_s=3_600)
LAYOUT = layout_of(PLAN, table="t@3600")
TIMES = (
    st.integers(-5 * HOUR_US, 0)
    | st.builds(lambda n, off: n * PAUSE_US + off, st.integers(-12, 0), st.integers(-1, 1))
    | st.builds(lambda n, off: n * ID_PAUSE_US + off, st.integers(-4, 0), st.integers(-1, 1))
)
EVENTS = st.lists(
    st.builds(
        lambda at, wait, kind, id_: make_event(
            event_time_us=NOON_US + at, recorded_us=NOON_US + at + wait, event_type=kind, session_id=id_
        ),
        TIMES,
        st.sampled_from([0, 1, 40 * 60_000_000, LATENESS_US, LATENESS_US + 1]),
        st.sampled_from(["view", "impression", "click", "purchase"]),
        st.none() | st.sampled_from(["s1", "s2"]),
    ),
    max_size=25,
)

AFTER = st.integers(0, 80 * HOUR_US) | st.builds(
    lambda n, off: n * HOUR_US + off, st.integers(0, 80), st.integers(-1, 1)
)


def in_log_order(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(events, key=lambda event: event["recorded_us"])


@settings(max_examples=60, deadline=None)
@given(
    EVENTS,
    st.integers(0, 80 * HOUR_US) | st.builds(lambda n, o: n * HOUR_US + o, st.integers(0, 80), st.integers(-1, 1)),
)
def test_every_session_feature_equals_the_oracle_exactly(events: list[dict[str, Any]], after: int) -> None:
    """At any t not before the newest event, for pauses of 30 minutes and of a day, and one microsecond beside them."""
    log = in_log_order(events)
    kept = [event for event, verdict in zip(log, oracle.judged(log), strict=True) if verdict == "ACCEPTED"]
    t_us = max((event["event_time_us"] for event in kept), default=NOON_US) + max(0, after)
    found = reader_of(LAYOUT, PLAN).one([row_of(LAYOUT, log)], t_us)
    wanted = [oracle.feature(field.tags, kept, t_us) for field in PLAN.spec.fields]
    np.testing.assert_array_equal(found.values, [math.nan if value is None else value for value in wanted])


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_neither_order_nor_batches_show(events: list[dict[str, Any]], size: int, shuffle: random.Random) -> None:
    """Equal bytes: at once, in pieces, built in bulk; and in any order while every id is known."""
    log = in_log_order(events)
    at_once, in_pieces = Folding(LAYOUT), Folding(LAYOUT)
    at_once.fold(log)
    for n in range(0, len(log), size):
        in_pieces.fold(log[n : n + size])
    assert in_pieces.rows == at_once.rows == dict(build_rows(LAYOUT, batch_of(log)))
    prompt = [event for event in log if event["recorded_us"] - event["event_time_us"] < LATENESS_US]
    shuffled = list(prompt)
    shuffle.shuffle(shuffled)
    assert row_of(LAYOUT, shuffled) == row_of(LAYOUT, prompt)


@settings(max_examples=30, deadline=None)
@given(EVENTS, EVENTS)
def test_sessions_folded_apart_merge_to_those_of_all_events(
    mine: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    """Two halves of one visit, under two ids, are one visit."""
    rows = [row_of(LAYOUT, in_log_order(events)) for events in (mine, others, mine + others)]
    if rows[1] is not None and rows[2] is not None:
        merged = merge_rows(LAYOUT, rows[0], rows[1], log_position=1)
        found, wanted = decode(LAYOUT, merged), decode(LAYOUT, rows[2])
        assert found is not None
        assert wanted is not None
        assert found.sessions == wanted.sessions


@settings(max_examples=30, deadline=None)
@given(EVENTS, st.data())
def test_rows_come_back_and_damage_is_told(events: list[dict[str, Any]], data: st.DataObject) -> None:
    """Round trip to the same bytes; flipped bits give an answer or a sentence, a cut row a sentence."""
    row = row_of(LAYOUT, [make_event(), *in_log_order(events)])
    assert row is not None
    state = decode(LAYOUT, row)
    assert state is not None
    assert encode(LAYOUT, state) == row
    reader, flipped = reader_of(LAYOUT, PLAN), bytearray(row)
    for _ in range(data.draw(st.integers(1, 3))):
        flipped[data.draw(st.integers(0, len(row) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    for use in (
        lambda: reader.one([bytes(flipped)], NOON_US),
        lambda: fold_users(LAYOUT, [bytes(flipped)], [record_of(make_event())], [0], [-1]),
    ):
        try:
            use()
        except RowDamaged:
            continue
    with pytest.raises(RowDamaged):
        reader.one([row[: data.draw(st.integers(0, len(row) - 1))]], NOON_US)


def test_a_count_out_of_all_proportion_is_damage_and_costs_no_memory() -> None:
    """A row of some hundred bytes that says it has two thousand million sessions."""
    layout = layout_of(plan_of(sessions("n", window=hours(1)), hop_s=60))
    row = row_of(layout, [make_event()])
    assert row is not None
    count_at = row.index((1).to_bytes(4, "little"), HEADER.size)
    assert len(decode(layout, row).sessions[0][0]) == 1  # type: ignore[union-attr]
    damaged = row[:count_at] + (2**31).to_bytes(4, "little") + row[count_at + 4 :]
    tracemalloc.start()
    try:
        with pytest.raises(RowDamaged, match="it ends inside a section"):
            decode(layout, damaged)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_a_session_joined_late_moves_to_the_window_of_its_new_end() -> None:
    """The event that links two visits makes them one, whenever it arrives."""
    plan = plan_of(
        sessions("n", window=hours(1)),
        session_duration("s", window=hours(1)),
        session_depth("d", window=hours(1)),
        hop_s=60,
    )
    layout = layout_of(plan)
    first, second = make_event(event_time_us=NOON_US - PAUSE_US * 2), make_event()
    link = make_event(event_time_us=NOON_US - PAUSE_US, recorded_us=NOON_US + DAY_US)
    folding, reader = Folding(layout), reader_of(layout, plan)
    folding.fold([first, second], offset=0)
    assert reader.one([folding.rows["u"]], NOON_US).values.tolist() == [2.0, 0.0, 1.0]
    folding.fold([link], offset=2)
    assert reader.one([folding.rows["u"]], NOON_US).values.tolist() == [1.0, 3_600.0, 3.0]


@pytest.mark.parametrize("late", [False, True])
def test_a_session_outlives_the_window_while_an_event_can_still_join_it(late: bool) -> None:
    """A visit out of the longest window, and the late event that carries it into it: the same bytes in one batch."""
    plan = plan_of(session_depth("d", window=hours(1)), hop_s=60)
    layout = layout_of(plan)
    start_us = NOON_US - 90 * 60_000_000
    log = [make_event(event_time_us=start_us), make_event()]
    log += [make_event(event_time_us=start_us + PAUSE_US, recorded_us=NOON_US + (LATENESS_US - 2 * HOUR_US) * late)]
    in_pieces = Folding(layout)
    for n, event in enumerate(log):
        in_pieces.fold([event], offset=n)
    at_once = Folding(layout)
    at_once.fold(log, offset=0)
    assert in_pieces.rows == at_once.rows
    # The first two are one visit, whose end is exactly at the start of the window; the newest is a visit of its own.
    assert reader_of(layout, plan).one([at_once.rows["u"]], NOON_US).values.tolist() == [1.5]


def test_sessions_nothing_can_join_any_more_are_dropped() -> None:
    """A year of visits keeps those of the last days: longest window, lateness, a day and the pause."""
    plan = plan_of(sessions("n", window=days(2)), sessions("i", of="session_id", window=days(2)), hop_s=3_600)
    layout = layout_of(plan)
    folding = Folding(layout)
    log = [make_event(event_time_us=NOON_US + n * DAY_US, session_id=f"s{n}") for n in range(365)]
    for event in log:
        folding.fold([event])
    assert folding.rows == dict(build_rows(layout, batch_of(log)))
    state = decode(layout, folding.rows["u"])
    assert state is not None
    kept = [sum(len(held) for held in one.values()) for one in state.sessions.values()]
    assert kept == [11, 12]
    assert len(folding.rows["u"]) < 700


def test_an_id_that_comes_back_after_more_than_a_day_is_another_session() -> None:
    """Exactly a day is not; events without an id are in none."""
    plan = plan_of(sessions("n", of="session_id", window=days(9)), hop_s=3_600)
    layout, reader = layout_of(plan), reader_of(layout_of(plan), plan)
    for more, wanted in ((0, 1.0), (1, 2.0)):
        log = [make_event(), make_event(session_id=None), make_event(event_time_us=NOON_US + ID_PAUSE_US + more)]
        assert reader.one([row_of(layout, log)], NOON_US).values.tolist() == [wanted]


def test_click_through_is_clicks_over_impressions() -> None:
    """Missing when nothing was shown; the event types may be others."""
    own = click_through(
        "own", window=days(1), clicks=event_type.eq("cart"), impressions=event_type.isin("view", "search")
    )
    plan = plan_of(click_through("ctr", window=days(1)), own, hop_s=3_600)
    layout, reader = layout_of(plan), reader_of(layout_of(plan), plan)
    log = [
        make_event(event_type=kind) for kind in ("impression",) * 4 + ("click", "purchase", "cart", "search", "view")
    ]
    assert reader.one([row_of(layout, log)], NOON_US).values.tolist() == [0.25, 0.5]
    np.testing.assert_array_equal(reader.one([row_of(layout, log[4:6])], NOON_US).values, [math.nan, math.nan])


def test_a_layout_the_c_kernel_does_not_know_is_done_by_its_twin() -> None:
    """The same bytes and values under either name."""
    log = [make_event(event_time_us=NOON_US - n * PAUSE_US // 2, session_id=f"s{n // 3}") for n in range(9)]
    found = []
    for implementation in ("pure", "native"):
        with forced(implementation):
            row = row_of(LAYOUT, in_log_order(log))
            found.append((row, reader_of(LAYOUT, PLAN).many([[row, None]], NOON_US).values.tobytes()))
    assert found[0] == found[1]


def test_sessions_are_of_events_or_of_their_ids() -> None:
    """Anything else is refused, naming the feature."""
    with pytest.raises(DefinitionInvalid, match="feature n: sessions of 'item_id'"):
        fields([sessions("n", of="item_id", window=days(1))])
    assert [dtype for _, dtype, _ in fields(session_features())[2:5]] == ["int64", "int64", "float64"]
