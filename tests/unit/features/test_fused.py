"""One user's rows of several views, evaluated together, against the batch's arithmetic view by view."""

from __future__ import annotations

import numpy as np
import pytest
from event_factories import HOP_S, NOON_US, batch_of, event_strategy, every_function, make_event, plan_of
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.features.build import build_rows
from strata.features.builder import count, mean, recency, seconds
from strata.features.evaluate import evaluate
from strata.features.evaluated import NO_TIME
from strata.features.facts import encode_row
from strata.features.fused import evaluate_user, fuse
from strata.features.plan import Plan, compile_view
from strata.features.row import RowDamaged
from strata.features.spec import view_spec

HOP_US = HOP_S * 1_000_000
EVERY = plan_of(*every_function(), name="every")
PLAIN = plan_of(count("n", window=seconds(50)), name="plain")
AGED = plan_of(mean("m", of="value", window=seconds(20)), recency("r", window=seconds(70)), name="aged")
FACTS = compile_view(view_spec("facts", "row", [("kids", "int64", {}), ("ratio", "float64", {})]), ttl_us=HOP_US)
PLANS = (PLAIN, EVERY, FACTS, AGED)
WIDTH = sum(plan.width for plan in PLANS)
STORED = ("none", "own", "another's")
FACT = st.tuples(st.none() | st.integers(-(2**63), 2**63 - 1), st.none() | st.floats(allow_nan=False))
EVENTS = st.lists(event_strategy(), min_size=1, max_size=20)
MOMENTS = st.integers(-25 * HOP_US, 5 * HOP_US)


def stored_row(plan: Plan, which: str, events: list[dict[str, object]], fact: tuple[object, ...]) -> bytes | None:
    """The user's row of a view: none, its own, or one of another definition."""
    if which == "none":
        return None
    if plan is FACTS:
        spec = FACTS.spec if which == "own" else view_spec("facts", "row", [("a", "int64", {}), ("b", "float64", {})])
        return encode_row(compile_view(spec), fact, NOON_US, NOON_US)  # type: ignore[arg-type]
    other = plan_of(count("another", window=seconds(30)))
    return dict(build_rows(plan if which == "own" else other, batch_of(events)))["u"]


@settings(max_examples=200, deadline=None)
@given(EVENTS, FACT, st.lists(st.sampled_from(STORED), min_size=4, max_size=4), MOMENTS, st.data())
def test_views_read_together_equal_each_view_read_in_a_batch(
    events: list[dict[str, object]], fact: tuple[object, ...], which: list[str], after: int, data: st.DataObject
) -> None:
    """Bit for bit, at any t, whatever rows are there, in any order of columns and with columns taken twice."""
    rows = [stored_row(plan, each, events, fact) for plan, each in zip(PLANS, which, strict=True)]
    columns = data.draw(st.lists(st.integers(0, WIDTH - 1), max_size=60))
    batch = [evaluate(plan, [row, row], NOON_US + after) for plan, row in zip(PLANS, rows, strict=True)]
    everything = np.concatenate([each.values[0] for each in batch])
    one = evaluate_user(fuse(PLANS, columns), rows, NOON_US + after)
    np.testing.assert_array_equal(one.values, everything[columns])
    np.testing.assert_array_equal(evaluate_user(fuse(PLANS), rows, NOON_US + after).values, everything)
    times = [(int(each.watermark_us[0]), int(each.newest_us[0])) for each in batch]
    assert one.times == [None if pair == (NO_TIME, NO_TIME) else pair for pair in times]


@pytest.mark.parametrize("damaged", range(len(PLANS)))
def test_a_damaged_row_of_any_view_is_said_to_be_damaged(damaged: int) -> None:
    """It never reads as absent."""
    rows = [stored_row(plan, "own", [make_event()], (1, 1.0)) for plan in PLANS]
    rows[damaged] = (rows[damaged] or b"")[:-8]
    with pytest.raises(RowDamaged, match=PLANS[damaged].spec.name):
        evaluate_user(fuse(PLANS), rows, NOON_US)


def test_facts_alone_need_no_windows() -> None:
    """A segmenter may read nothing but facts."""
    row = stored_row(FACTS, "own", [], (3, float("inf")))
    assert evaluate_user(fuse([FACTS], [1, 0]), [row], NOON_US).values.tolist() == [float("inf"), 3.0]
