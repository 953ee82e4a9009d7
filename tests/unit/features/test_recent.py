"""The newest events in order: against the oracle, in any order and batch, merged and damaged."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import oracle
import pytest
from event_factories import HOP_S, NOON_US, batch_of, event_strategy, make_event, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import Folding, layout_of, reader_of, record_of, row_of

from strata.errors import DefinitionInvalid
from strata.features.build import build_rows
from strata.features.builder import count, days, event_type, fields, recent_events, seconds
from strata.features.definition import definition_of
from strata.features.fold import fold_users, merge_rows
from strata.features.matching import hash64
from strata.features.plan import LATENESS_US
from strata.features.row_reader import decode
from strata.features.row_writer import encode
from strata.features.user_row import RowDamaged

pytestmark = pytest.mark.usefixtures("implementation")
HOP_US = HOP_S * 1_000_000
PLAN = plan_of(
    *recent_events("all", window=seconds(100), types=["view", "purchase"], keep=5),
    *recent_events("bought", window=seconds(30), types=["purchase"], keep=3, where=event_type.eq("purchase")),
    count("n", window=seconds(100)),
)
LAYOUT = layout_of(PLAN)
EVENTS = st.lists(event_strategy(delays_us=(LATENESS_US, LATENESS_US + 1)), max_size=30)


def in_log_order(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(events, key=lambda event: event["recorded_us"])


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.integers(0, 12 * HOP_US))
def test_every_slot_equals_the_oracle_exactly(events: list[dict[str, Any]], after: int) -> None:
    """Types, fingerprints and gaps, nulls and equal times; missing past the window's events and past those kept."""
    log = in_log_order(events)
    kept = [event for event, verdict in zip(log, oracle.judged(log), strict=True) if verdict == "ACCEPTED"]
    t_us = max((event["event_time_us"] for event in kept), default=NOON_US) + after
    found = reader_of(LAYOUT, PLAN).one([row_of(LAYOUT, log)], t_us)
    wanted = [oracle.feature(field.tags, kept, t_us) for field in PLAN.spec.fields]
    np.testing.assert_array_equal(found.values, [math.nan if value is None else value for value in wanted])


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.integers(1, 5), st.randoms(use_true_random=False))
def test_neither_order_nor_batches_show(events: list[dict[str, Any]], size: int, shuffle: random.Random) -> None:
    """Equal bytes: at once, in pieces, built in bulk; and in any order while every id is known."""
    log = in_log_order(events)
    in_pieces = Folding(LAYOUT)
    for n in range(0, len(log), size):
        in_pieces.fold(log[n : n + size])
    assert in_pieces.rows == dict(build_rows(LAYOUT, batch_of(log)))
    prompt = [event for event in log if event["recorded_us"] - event["event_time_us"] < LATENESS_US]
    shuffled = list(prompt)
    shuffle.shuffle(shuffled)
    assert row_of(LAYOUT, shuffled) == row_of(LAYOUT, prompt)


@settings(max_examples=30, deadline=None)
@given(EVENTS, EVENTS)
def test_rows_folded_apart_merge_to_the_newest_of_all(mine: list[dict[str, Any]], others: list[dict[str, Any]]) -> None:
    """Two histories become one sequence."""
    rows = [row_of(LAYOUT, in_log_order(events)) for events in (mine, others, mine + others)]
    if rows[1] is not None and rows[2] is not None:
        found, wanted = decode(LAYOUT, merge_rows(LAYOUT, rows[0], rows[1], log_position=1)), decode(LAYOUT, rows[2])
        assert found is not None
        assert wanted is not None
        assert found.recent == wanted.recent


@settings(max_examples=40, deadline=None)
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
        flipped[data.draw(st.integers(64, len(row) - 1))] ^= 1 << data.draw(st.integers(0, 7))
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


def test_what_a_model_sees_of_three_events() -> None:
    """Newest first; the gap of the newest is up to now; an undeclared type and a null are missing."""
    plan = plan_of(*recent_events("r", window=days(1), types=["cart", "view"], keep=4), hop_s=3_600)
    layout = layout_of(plan)
    log = [
        make_event(event_type="cart", event_time_us=NOON_US - 10_000_000, item_id="milk", category=None),
        make_event(event_type="other", event_time_us=NOON_US - 4_000_000, item_id=None, category="food"),
        make_event(event_type="view", item_id="milk", category="food"),
    ]
    milk, food = (float(hash64(name) & 0xFFFFFFFF) for name in ("milk", "food"))
    found = reader_of(layout, plan).one([row_of(layout, log)], NOON_US + 500_000).values.reshape(4, 4)
    nan = math.nan
    np.testing.assert_array_equal(
        found, [[1.0, milk, food, 0.5], [nan, nan, food, 4.0], [0.0, milk, nan, 6.0], [nan] * 4]
    )
    assert [f"r_{part}_03" for part in ("type", "item", "category", "gap")] == list(plan.spec.names[-4:])


def test_sixty_four_events_of_a_busy_user_take_no_more_than_1600_bytes() -> None:
    """However many there were; 256 values are read of them."""
    plan = plan_of(*recent_events("r", window=days(30), types=["purchase"]), hop_s=3_600)
    layout = layout_of(plan)
    log = [make_event(event_time_us=NOON_US + n * 3_600_000_000, item_id=f"i{n}") for n in range(1_000)]
    row = row_of(layout, log)
    state = None if row is None else decode(layout, row)
    assert state is not None
    assert len(state.recent[0]) == 64
    assert len(row or b"") - 64 - 26 * len(state.seen) <= 1_600
    values = reader_of(layout, plan).one([row], log[-1]["event_time_us"]).values
    assert values.shape == (256,)
    assert values[3::4].tolist() == [0.0] + [3_600.0] * 63


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"strata.slot": "5"}, "there are 1 to 64"),
        ({"strata.slot": "-1"}, "there are 1 to 64"),
        ({"strata.keep": "65"}, "there are 1 to 64"),
        ({"strata.types": "[]"}, "each once"),
        ({"strata.types": '["a","a"]'}, "each once"),
        ({"strata.types": "a"}, "not a JSON list"),
        ({"strata.types": "[1]"}, "not a JSON list"),
        ({"strata.fn": "recent_gap"}, "belongs to recent_type"),
        ({"strata.fn": "count"}, "belong to recent events"),
        ({"strata.of": "value"}, "recent_type of 'value'"),
    ],
)
def test_a_wrong_tag_of_a_slot_is_refused(change: dict[str, str], sentence: str) -> None:
    """As of every other function; the right ones read back the same."""
    _, dtype, tags = fields(recent_events("r", window=days(1), types=["view"], keep=5))[0]
    assert dtype == "float64"
    assert definition_of(tags).tags() == tags
    with pytest.raises(DefinitionInvalid, match=sentence):
        definition_of({**tags, **change})
    for name in ("strata.slot", "strata.keep", "strata.types"):
        with pytest.raises(DefinitionInvalid):
            definition_of({key: value for key, value in tags.items() if key != name})
