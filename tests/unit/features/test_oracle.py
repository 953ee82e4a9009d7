"""Every function of the kernel against the plain-Python oracle, exactly, by both implementations."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracle
import pytest
from event_factories import HOP_S, NOON_US, event_strategy, every_function, make_event, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels import Folding, layout_of, reader_of

from strata.features.builder import count, seconds

pytestmark = pytest.mark.usefixtures("implementation")
HOP_US = HOP_S * 1_000_000
PLAN = plan_of(*every_function())
LAYOUT = layout_of(PLAN)
LATE = oracle.LATENESS_US + 1
EVENTS = st.lists(event_strategy(delays_us=(LATE - 1, LATE)), max_size=40)
MOMENTS = st.integers(0, 25 * HOP_US) | st.builds(
    lambda tile, off: tile * HOP_US + off, st.integers(0, 12), st.integers(-1, 1)
)


def in_log_order(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As doors write them: recorded times never go back."""
    return sorted(events, key=lambda event: event["recorded_us"])


def expected(events: list[dict[str, Any]], t_us: int) -> list[float]:
    """Every feature by the oracle, from the events that count."""
    log = in_log_order(events)
    kept = [event for event, verdict in zip(log, oracle.judged(log), strict=True) if verdict == "ACCEPTED"]
    values = [oracle.feature(field.tags, kept, t_us) for field in PLAN.spec.fields]
    return [float("nan") if value is None else value for value in values]


@settings(max_examples=60, deadline=None)
@given(EVENTS, MOMENTS)
def test_every_function_equals_the_oracle_exactly_from_the_newest_event_on(
    events: list[dict[str, Any]], after: int
) -> None:
    """At any t not before the newest event, each value is the oracle's double, bit for bit, and so is each verdict."""
    folding, reader, log = Folding(LAYOUT), reader_of(LAYOUT, PLAN), in_log_order(events)
    folding.fold(log, offset=0)
    assert folding.verdicts == oracle.judged(log)
    kept = [e for e, verdict in zip(log, folding.verdicts, strict=True) if verdict == "ACCEPTED"]
    newest_us = max((event["event_time_us"] for event in kept), default=NOON_US)
    t_us = newest_us + max(0, after)
    found = reader.one([folding.rows.get("u")], t_us)
    np.testing.assert_array_equal(found.values, expected(events, t_us))
    if kept:
        assert found.times == [(max(event["recorded_us"] for event in kept), newest_us)]


@settings(max_examples=25, deadline=None)
@given(EVENTS.filter(bool), st.integers(1, 10**12))
def test_a_row_is_never_read_before_its_newest_event(events: list[dict[str, Any]], before: int) -> None:
    """Live state is right now: an earlier t answers as the newest event's instant does."""
    folding, reader = Folding(LAYOUT), reader_of(LAYOUT, PLAN)
    folding.fold(in_log_order(events), offset=0)
    row = folding.rows.get("u")
    if row is not None:
        newest_us = reader.one([row], 0).times[0][1]  # type: ignore[index]
        at_newest = reader.one([row], newest_us).values
        np.testing.assert_array_equal(reader.one([row], newest_us - before).values, at_newest)


@settings(max_examples=25, deadline=None)
@given(st.lists(event_strategy(users=("a", "b", "ü")), max_size=60), st.integers(0, 12 * HOP_US))
def test_many_users_read_as_each_alone(events: list[dict[str, Any]], after: int) -> None:
    """Rows of different widths, and users without one, never show in each other's values: every bit is the same."""
    folding, reader = Folding(LAYOUT), reader_of(LAYOUT, PLAN)
    folding.fold(in_log_order(events), offset=0)
    asked = [folding.rows.get(user) for user in ("a", "nobody", "ü", "b", "a")]
    together = reader.many([asked], NOON_US + after)
    for n, row in enumerate(asked):
        alone = reader.one([row], NOON_US + after)
        assert together.values[n].tobytes() == alone.values.tobytes()
        times = None if row is None else (int(together.watermark_us[0, n]), int(together.newest_us[0, n]))
        assert alone.times == [times]


def test_the_window_rounds_down_at_its_tail_and_not_at_its_head() -> None:
    """floor((t - W) / hop) * hop <= event_time <= t, to the microsecond, for events at tile edges and beside them."""
    plan = plan_of(count("n", window=seconds(30)))
    layout = layout_of(plan)
    for off in (-1, 0, 1):
        folding, reader = Folding(layout), reader_of(layout, plan)
        folding.fold([make_event(event_time_us=NOON_US + off)])
        row = folding.rows["u"]
        first_tile = (NOON_US + off) // HOP_US
        leaves_us = (first_tile + 4) * HOP_US
        moments = [NOON_US + off, leaves_us - 1, leaves_us, leaves_us + 1]
        assert [reader.one([row], t).values[0] for t in moments] == [1.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize("offset_s", [-5 * 3_600, 0, 34_200])
def test_times_before_1970_fall_into_tiles_like_any_other(offset_s: int) -> None:
    """Tiles round down, not towards zero."""
    log = [make_event(event_time_us=at, utc_offset_s=offset_s, value=7) for at in (-HOP_US - 1, -HOP_US, -1, 0, 1)]
    folding, reader = Folding(LAYOUT), reader_of(LAYOUT, PLAN)
    folding.fold(log, offset=0)
    for t_us in (1, 2 * HOP_US - 1, 2 * HOP_US, 3 * HOP_US, 10 * HOP_US):
        np.testing.assert_array_equal(reader.one([folding.rows["u"]], t_us).values, expected(log, t_us))
