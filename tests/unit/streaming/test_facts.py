"""Facts about users."""

from __future__ import annotations

from pathlib import Path

from small_imports import bring_in, profile_of, quarantined, rows, write_rows

from strata.clock import parse_instant

FACTS = """
name: drinkers
kind: facts
user: user
time: {at: 2017-01-01, zone: America/New_York}
fields:
  drink: {column: item, categories: [tea, ale]}
  band: {column: units}
"""


def test_facts_are_kept_once(tmp_path: Path) -> None:
    """A fact said twice is a duplicate, one that says something else is another; unknown categories are rejected."""
    home = tmp_path / "home"
    said = rows({}, {}, {"item": "ale"}, {"user": "bob", "item": ""}, {"user": "cid", "item": "gin"})
    done = bring_in(write_rows(tmp_path / "rows.csv", said), home, FACTS)
    assert (done.totals.accepted, done.totals.duplicate, done.totals.reasons) == (3, 1, {"unknown_category": 1})
    at_us = parse_instant("2017-01-01T05:00:00Z")
    assert sorted(profile_of(home, "user_id, epoch_us(event_time), epoch_us(recorded_at), drink, band"), key=str) == [
        ("ann", at_us, at_us, "ale", "2"), ("ann", at_us, at_us, "tea", "2"), ("bob", at_us, at_us, None, "2"),
    ]  # fmt: skip
    assert quarantined(home, "item, reason") == [("gin", "unknown_category")]
    again = bring_in(tmp_path / "rows.csv", home, FACTS)
    assert (again.totals.accepted, again.totals.duplicate) == (0, 4)


def test_facts_with_a_date(tmp_path: Path) -> None:
    """A fact known by date counts from the end of that day; facts of other fields live beside it."""
    home = tmp_path / "home"
    bring_in(write_rows(tmp_path / "rows.csv", rows({})), home, FACTS)
    dated = "name: dated\nkind: facts\nuser: user\ntime: {column: at, zone: UTC}\nfields: {mug: {column: item}}\n"
    done = bring_in(write_rows(tmp_path / "more.csv", rows({"at": "2020-05-05"})), home, dated)
    assert done.totals.accepted == 1
    late = parse_instant("2020-05-06T00:00:00Z") - 1
    assert profile_of(home, "mug, drink, epoch_us(event_time)")[-1] == ("tea", None, late)
