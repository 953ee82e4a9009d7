"""Label dates: complete labels, no overlap between parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.errors import InputInvalid
from strata.events import DAY_US
from training.definition import Split
from training.labels.schedule import lay_out


@given(
    horizon=st.integers(1, 90), step=st.integers(1, 40), counts=st.tuples(*[st.integers(1, 6)] * 3),
)  # fmt: skip
def test_no_label_window_of_one_part_overlaps_anothers(horizon: int, step: int, counts: tuple[int, int, int]) -> None:
    """Whatever is declared: parts follow each other a whole horizon apart, and every label is complete by now."""
    now = 4_000 * DAY_US
    split = Split(step_days=step, train_dates=counts[0], validation_dates=counts[1], test_dates=counts[2])
    plan = lay_out(now, horizon, split, first_event_us=0)
    assert (len(plan.train), len(plan.validation), len(plan.test)) == counts
    assert plan.train[-1] + plan.horizon_us <= plan.validation[0]
    assert plan.validation[-1] + plan.horizon_us <= plan.test[0]
    assert plan.test[-1] + plan.horizon_us == now


def test_a_history_too_short_is_refused() -> None:
    """The sentence says when the history begins and what to lower."""
    with pytest.raises(InputInvalid, match="lower train_dates or step_days"):
        lay_out(100 * DAY_US, 60, Split(step_days=14, train_dates=2, validation_dates=1), first_event_us=0)


def test_a_window_too_short_is_not_blamed_on_the_history() -> None:
    """Whoever asked for `--since` is told to look further back, not to import."""
    with pytest.raises(InputInvalid, match=r"with --since the history begins.*look further back, or lower"):
        lay_out(100 * DAY_US, 60, Split(step_days=14, train_dates=2, validation_dates=1), 0, cut=True)


def test_dates_before_any_calendar_are_refused_too() -> None:
    """A thousand dates ten years apart begin before year 1, which no instant can be written for."""
    with pytest.raises(InputInvalid, match=r"the first label date would be [0-9,]+ days before"):
        lay_out(17_500 * DAY_US, 60, Split(step_days=3_650, train_dates=1_000, validation_dates=1), first_event_us=0)


def test_the_page_says_why_nothing_leaks() -> None:
    """The statement names the three spans."""
    plan = lay_out(17_500 * DAY_US, 60, Split(step_days=14, train_dates=2, validation_dates=1), first_event_us=0)
    assert "No label window of one part overlaps another's" in plan.statement
    assert plan.statement.count("2017") == 6
