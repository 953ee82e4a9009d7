"""The kernel against the plain-Python oracle, exactly."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import oracle
from event_factories import HOP_S, NOON_US, batch_of, event_strategy, every_function, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.features.build import build_rows
from strata.features.evaluate import evaluate
from strata.features.fold import fold
from strata.features.plan import Plan

HOP_US = HOP_S * 1_000_000
PLAN = plan_of(*every_function())
LATE = oracle.LATENESS_US + 1
EVENTS = st.lists(event_strategy(delays_us=(LATE - 1, LATE)), max_size=40)
# An event accepted at the very end of H moves the watermark so far that older ids need no longer be known.
PROMPT = st.lists(event_strategy(delays_us=(LATE,)), max_size=40)
MOMENTS = st.integers(0, 25 * HOP_US) | st.builds(
    lambda tile, off: tile * HOP_US + off, st.integers(0, 12), st.integers(-1, 1)
)


def expected(plan: Plan, events: list[dict[str, Any]], t_us: int) -> list[float]:
    kept = oracle.accepted(events)
    values = [oracle.feature(field.tags, kept, t_us) for field in plan.spec.fields]
    return [float("nan") if value is None else value for value in values]


@settings(max_examples=200, deadline=None)
@given(EVENTS, MOMENTS)
def test_every_function_equals_the_oracle_exactly_from_the_newest_event_on(
    events: list[dict[str, Any]], after: int
) -> None:
    """At any t not before the newest event, each value is the oracle's double, bit for bit."""
    kept = oracle.accepted(events)
    t_us = max((event["event_time_us"] for event in kept), default=NOON_US) + max(0, after)
    rows = dict(build_rows(PLAN, batch_of(events)))
    result = evaluate(PLAN, [rows.get("u")], t_us)
    np.testing.assert_array_equal(result.values[0], expected(PLAN, events, t_us))
    np.testing.assert_array_equal(result.status[0], np.isnan(expected(PLAN, events, t_us)))


@settings(max_examples=100, deadline=None)
@given(EVENTS, st.integers(-22, 0))
def test_a_past_t_at_the_end_of_a_tile_equals_the_oracle(events: list[dict[str, Any]], tile: int) -> None:
    """Tiles that lie whole after t do not count, so a read at the last instant of any tile is exact."""
    t_us = NOON_US + (tile + 1) * HOP_US - 1
    rows = dict(build_rows(PLAN, batch_of(events)))
    values = evaluate(PLAN, [rows.get("u"), None], t_us).values[0]
    kept = oracle.accepted(events)
    known = [oracle.feature(field.tags, kept, t_us) for field in PLAN.spec.fields]
    np.testing.assert_array_equal(values, [np.nan if value is None else value for value in known])


@settings(max_examples=150, deadline=None)
@given(PROMPT, st.randoms(use_true_random=False))
def test_events_fold_in_any_order_to_the_bytes_of_a_bulk_build(
    events: list[dict[str, Any]], shuffle: random.Random
) -> None:
    """Folding one by one in random order, repeats included, gives exactly the row build_rows makes."""
    built = dict(build_rows(PLAN, batch_of(events)))
    again = events + events[: len(events) // 2]
    shuffle.shuffle(again)
    row, counted = None, [0, 0, 0]
    for event in again:
        outcome = fold(PLAN, row, batch_of([event]))
        row = outcome.row
        counted = [a + b for a, b in zip(counted, (outcome.accepted, outcome.duplicate, outcome.late), strict=True)]
    assert row == built.get("u")
    late = sum(event["recorded_us"] - event["event_time_us"] > oracle.LATENESS_US for event in again)
    assert counted[2] == late
    assert sum(counted) == len(again)


@settings(max_examples=60, deadline=None)
@given(st.lists(event_strategy(users=("a", "b", "ü", "c")), max_size=60), st.integers(0, 12 * HOP_US))
def test_a_batch_of_rows_evaluates_as_each_row_alone(events: list[dict[str, Any]], after: int) -> None:
    """Rows of different widths, and users without one, never show in each other's values."""
    rows = dict(build_rows(PLAN, batch_of(events)))
    asked = [rows.get(user) for user in ("a", "nobody", "ü", "b", "c", "a")]
    t_us = NOON_US - 5 * HOP_US + after
    together = evaluate(PLAN, asked, t_us)
    for i, row in enumerate(asked):
        alone = evaluate(PLAN, [row], t_us)
        np.testing.assert_array_equal(together.values[i], alone.values[0])
        np.testing.assert_array_equal(together.status[i], alone.status[0])
        assert together.watermark_us[i] == alone.watermark_us[0]
        assert together.newest_us[i] == alone.newest_us[0]


@settings(max_examples=100, deadline=None)
@given(EVENTS, EVENTS)
def test_folding_a_batch_into_a_row_equals_building_both(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    """A bulk row and later events make the row of all of them."""
    row = dict(build_rows(PLAN, batch_of(first))).get("u")
    outcome = fold(PLAN, row, batch_of(second))
    assert outcome.row == dict(build_rows(PLAN, batch_of(first + second))).get("u")
