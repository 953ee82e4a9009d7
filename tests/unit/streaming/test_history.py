"""Reading the history."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_imports import bring_in, rows, write_rows

from strata.clock import parse_instant
from strata.errors import InputInvalid
from strata.events import event_schema
from streaming.history import History, events_path, month_of, scan_batches, scan_events
from streaming.stats import history_stats


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A history with one event on the fifth of each month of 2023."""
    made = rows(*({"at": f"2023-{m:02d}-05T00:00:00Z", "user": "ab"[m % 2]} for m in range(1, 13)))
    bring_in(write_rows(tmp_path / "rows.csv", made), tmp_path / "home")
    return tmp_path / "home" / "history"


def at(text: str) -> int:
    return parse_instant(f"2023-{text}T00:00:00Z")


def test_scan_by_time_and_user(root: Path) -> None:
    """A scan holds the events from its start up to, not including, its end, of the users asked."""
    found = scan_events(root, at("03-05"), at("06-05"), columns=["event_id"])
    assert sorted(found.column("event_id").to_pylist()) == ["shop|2", "shop|3", "shop|4"]
    assert scan_events(root, at("03-05"), at("06-05"), users=["a"], columns=["user_id"]).num_rows == 1
    assert scan_events(root, users=[]).num_rows == 0
    assert sum(batch.num_rows for batch in scan_batches(root)) == 12


def test_scan_opens_no_other_month(root: Path) -> None:
    """Files of months outside the range are not looked at."""
    (events_path(root) / month_of(at("09-01"))).joinpath("bad.parquet").write_bytes(b"no parquet")
    assert scan_events(root, at("01-01"), at("08-31")).num_rows == 8


def test_an_empty_history(tmp_path: Path) -> None:
    """Without events a scan is empty and has the history's columns, and statistics are zero."""
    assert scan_events(tmp_path).schema.equals(event_schema())
    assert history_stats(History(tmp_path)).events == 0


def test_unknown_columns_are_named(root: Path) -> None:
    """A column that events do not have is refused."""
    with pytest.raises(InputInvalid, match="events have no column price"):
        scan_events(root, columns=["price"])


def test_stats(root: Path) -> None:
    """Statistics count events, users and money by type."""
    stats = history_stats(History(root))
    (only,) = stats.types
    assert (only.event_type, only.events, only.users, only.value_cents) == ("purchase", 12, 2, 1800)
    assert (only.first_us, only.last_us) == (at("01-05"), at("12-05"))
    assert (stats.events, stats.users, stats.event_files, stats.facts) == (12, 2, 12, 0)
    assert stats.as_json()["types"][0]["first"] == "2023-01-05T00:00:00Z"
