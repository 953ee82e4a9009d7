"""Kinds of events that sit on local midnights are counted, in every zone they were written in."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from event_factories import make_event
from history_files import write_events, write_facts

from strata.events import DAY_US
from streaming.columns.times import TimeReader
from streaming.mapping.model import TimeColumn
from training.dated_kinds import dated_kinds
from training.judge.leaks.dates import DatedKind, dates_check

NEW_YORK_S, KATHMANDU_S = -18_000, 20_700
START_US = 17_300 * DAY_US


def _midnights(kind: str, offset_s: int, count: int, *, shift_us: int = 0) -> list[dict[str, object]]:
    """An event a day on the first microsecond of the local day, moved by so much."""
    return [
        make_event(
            event_id=f"{kind}{offset_s}{day}", event_type=kind, utc_offset_s=offset_s,
            event_time_us=(at := START_US + day * DAY_US - offset_s * 1_000_000 + shift_us), recorded_us=at,
        )
        for day in range(count)
    ]  # fmt: skip


def test_midnights_and_ends_of_days_are_counted_where_they_happened(tmp_path: Path) -> None:
    """Of a zone west and one east with a quarter of an hour; real instants are neither."""
    real = [make_event(event_id=f"r{i}", event_type="view", event_time_us=START_US + i * 7_777_777) for i in range(50)]
    planted = _midnights("redemption", NEW_YORK_S, 4) + _midnights("redemption", KATHMANDU_S, 3)
    ends = _midnights("return", NEW_YORK_S, 5, shift_us=DAY_US - 1)
    write_events(tmp_path, [*real, *planted, *ends])
    found = dated_kinds(tmp_path / "history")
    assert [(one.kind, one.rows, one.at_midnight, one.midnights, one.at_day_end) for one in found][:2] == [
        ("redemption", 7, 7, 7, 0), ("return", 5, 0, 0, 5),
    ]  # fmt: skip
    assert found[2].at_midnight <= 1
    assert not dates_check(found).passed
    assert dates_check([one for one in found if one.kind != "redemption"]).passed


@pytest.mark.parametrize("column", ["event_time_us", "recorded_us"])
def test_one_time_of_the_two_at_midnight_is_enough(tmp_path: Path, column: str) -> None:
    """Happened then and told at noon, or happened at noon and known, says the file, twelve hours before."""
    events = _midnights("redemption", NEW_YORK_S, 6)
    write_events(tmp_path, [{**event, column: int(str(event[column])) + DAY_US // 2} for event in events])
    assert dated_kinds(tmp_path / "history") == [DatedKind("redemption", 6, 6, 6, 0)]


def test_facts_are_held_to_the_midnights_of_the_events_zones(tmp_path: Path) -> None:
    """Facts carry no offset: a midnight in New York is one where events come from there, whatever else there is."""
    write_events(tmp_path, [*_midnights("a", NEW_YORK_S, 1), *_midnights("b", KATHMANDU_S, 1), *_midnights("c", 0, 1)])
    midnight = START_US - NEW_YORK_S * 1_000_000
    write_facts(tmp_path, [{"user_id": f"u{i}", "event_time_us": midnight + i * DAY_US} for i in range(9)])
    assert dated_kinds(tmp_path / "history")[-1] == DatedKind("profile", 9, 9, 9, 0)
    write_facts(tmp_path, [{"user_id": f"u{i}", "event_time_us": midnight + i * DAY_US - 1} for i in range(9)])
    assert dated_kinds(tmp_path / "history")[-1] == DatedKind("profile", 9, 0, 0, 9)


@pytest.mark.parametrize(("precision", "passed"), [("instant", False), ("day", True)])
def test_a_mapping_that_forgets_its_dates_are_days_is_caught(tmp_path: Path, precision: str, passed: bool) -> None:
    """Stamps as a till exports them, midnight for a date: read as instants they leak, with `precision: day` not."""
    rule = TimeColumn.model_validate({"column": "at", "zone": "America/New_York", "precision": precision})
    read = TimeReader(rule).read(pa.array([f"2017-03-{day:02d} 00:00:00" for day in range(1, 29)]))
    times = zip(read.at_us.tolist(), read.offset_s.tolist(), strict=True)
    write_events(tmp_path, [make_event(event_time_us=at, recorded_us=at, utc_offset_s=offset) for at, offset in times])
    assert dates_check(dated_kinds(tmp_path / "history")).passed is passed
