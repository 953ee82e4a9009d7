"""Online rows from the history in bulk, on a state in memory."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import numpy as np
import pytest
from event_factories import HOP_S, NOON_US, batch_of, every_function, plan_of
from fake_state import FakeState
from history_files import random_events, write_events, write_facts

from feature_repo.flip import rebuild
from feature_repo.offline.bulk import event_parts
from feature_repo.offline.history import ParquetSource
from feature_repo.online.write_rows import fold_events, put_newest
from feature_repo.rebuild import Progress, refresh_facts, table_rows
from strata.features.facts import decode_row, encode_row
from strata.features.layout import NUMBER_LIMIT, compile_layout
from strata.features.plan import compile_view
from strata.features.reader import compile_reader
from strata.features.spec import view_spec

USERS = ("a", "b", "ü", "Z")
PLAN = plan_of(*every_function(), hop_s=HOP_S)
LAYOUT = compile_layout("events@10", [PLAN.spec])
TABLES = {LAYOUT.table: LAYOUT}
READER = compile_reader([PLAN], TABLES, {PLAN.spec.name: LAYOUT.table})
FACTS = compile_view(view_spec("profile", "row", [("kids", "string", {"strata.categories": '["0","1"]'})]))


def events_at(home: Path) -> ParquetSource:
    return ParquetSource("events", str(home / "history/events/*/*.parquet"), "event_time", "recorded_at")


def facts_at(home: Path) -> ParquetSource:
    return ParquetSource("facts", str(home / "history/profile/*.parquet"), "event_time", "recorded_at")


def rebuild_windowed(
    state: FakeState, source: ParquetSource, watermark_us: int, progress: Progress | None = None
) -> int:
    return rebuild(state, LAYOUT, table_rows(LAYOUT, source, watermark_us, progress=progress), watermark_us)


def rows_of(state: FakeState, table: str = LAYOUT.table) -> dict[str, bytes]:
    return {key.decode(): row for key, row in state.tables[table].rows.items()}


def known_by(events: list[dict], t_us: int) -> list[dict]:
    return [event for event in events if max(event["event_time_us"], event["recorded_us"]) <= t_us]


def test_a_rebuild_equals_folding_the_same_events(tmp_path: Path) -> None:
    """Rows built in bulk read the same as rows pushed event by event, up to the watermark and not beyond."""
    events = random_events(4, 300, USERS)
    write_events(tmp_path, events)
    watermark = NOON_US - 60_000_000
    bulk, pushed = FakeState(), FakeState()
    assert rebuild_windowed(bulk, events_at(tmp_path), watermark) == len(USERS)
    for event in known_by(events, watermark):
        fold_events(pushed, TABLES, batch_of([event]))
    for state in (bulk, pushed):
        assert len(rows_of(state)) == len(USERS)
    left, right = (READER.many([state.read(LAYOUT.table, USERS)], watermark) for state in (bulk, pushed))
    np.testing.assert_array_equal(left.values, right.values)
    assert bulk.watermark_us(LAYOUT.table) == watermark


def test_a_failed_rebuild_leaves_the_old_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers keep the generation they had when a rebuild dies half way."""
    events = random_events(5, 100, USERS)
    write_events(tmp_path, events)
    state = FakeState()
    rebuild_windowed(state, events_at(tmp_path), NOON_US)
    before = rows_of(state)

    def die(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild_windowed(state, events_at(tmp_path), NOON_US, die)
    assert rows_of(state) == before


def test_progress_ends_at_the_total(tmp_path: Path) -> None:
    """The last thing a rebuild reports is that every event is done."""
    write_events(tmp_path, random_events(6, 50, USERS, late_share=0))
    told: list[tuple[int, int]] = []
    rebuild_windowed(FakeState(), events_at(tmp_path), NOON_US + 1, lambda *so_far: told.append(so_far))
    assert told == [(50, 50)]


def test_parts_cover_every_user_once_in_byte_order(tmp_path: Path) -> None:
    """However small the parts, no user is cut in two and none is left out."""
    write_events(tmp_path, random_events(7, 200, USERS, late_share=0))
    parts = list(event_parts(events_at(tmp_path), NOON_US + 1, per_part=30))
    users = [sorted(set(part.table.column("user_id").to_pylist()), key=str.encode) for part in parts]
    assert [user for part in users for user in part] == sorted(USERS, key=str.encode)
    assert sum(part.table.num_rows for part in parts) == 200
    assert len(parts) > 1


def test_an_older_fact_never_replaces_a_newer_one(tmp_path: Path) -> None:
    """A refresh from the history keeps a fact that was pushed since, and writes the ones that are newer."""
    write_facts(
        tmp_path,
        [{"user_id": u, "event_time_us": NOON_US, "kids": "1"} for u in ("old", "new", "none")],
        ["kids"],
    )
    state = FakeState()
    newer, older = (NOON_US + 5, NOON_US + 5), (NOON_US - 5, NOON_US - 5)
    put_newest(state, FACTS, {"new": (newer, encode_row(FACTS, ["0"], *newer)),
                              "old": (older, encode_row(FACTS, ["0"], *older))})  # fmt: skip
    assert refresh_facts(state, FACTS, facts_at(tmp_path), 0, NOON_US + 1) == 2
    held = {user: decode_row(FACTS, row) for user, row in rows_of(state, "profile").items()}
    assert {user: fact.values for user, fact in held.items() if fact} == {"new": ("0",), "old": ("1",), "none": ("1",)}


def test_a_category_the_view_no_longer_names_is_null(tmp_path: Path) -> None:
    """History may hold what the definition dropped; that is missing, not an error."""
    write_facts(tmp_path, [{"user_id": "a", "event_time_us": NOON_US, "kids": "17"}], ["kids"])
    state = FakeState()
    refresh_facts(state, FACTS, facts_at(tmp_path), 0, NOON_US)
    fact = decode_row(FACTS, rows_of(state, "profile")["a"])
    assert fact is not None
    assert fact.values == (None,)


def test_folding_events_again_changes_nothing() -> None:
    """A push that is repeated after a failure is harmless."""
    state = FakeState()
    events = random_events(8, 60, USERS, late_share=0)
    batch = batch_of(events)
    assert fold_events(state, TABLES, batch) == sum(abs(event["value"] or 0) <= NUMBER_LIMIT for event in events)
    before = rows_of(state)
    assert fold_events(state, TABLES, batch) == 0
    assert rows_of(state) == before


def test_of_several_facts_the_newest_of_the_period_is_written(tmp_path: Path) -> None:
    """By event time, then by recorded time; facts outside the period, or not yet recorded, are left alone."""
    times = [(NOON_US, NOON_US), (NOON_US, NOON_US + 1), (NOON_US - 9, NOON_US - 9), (NOON_US - 1, NOON_US + 50)]
    kids = ["0", "1", "0", "0"]
    facts = [
        {"user_id": "a", "event_time_us": at, "recorded_us": recorded, "kids": value}
        for (at, recorded), value in zip(times, kids, strict=True)
    ]
    write_facts(tmp_path, [*facts, {"user_id": "b", "event_time_us": NOON_US - 100, "kids": "0"}], ["kids"])
    state = FakeState()
    assert refresh_facts(state, FACTS, facts_at(tmp_path), NOON_US - 10, NOON_US + 10) == 1
    fact = decode_row(FACTS, rows_of(state, "profile")["a"])
    assert fact is not None
    assert (fact.values, fact.event_us, fact.recorded_us) == (("1",), NOON_US, NOON_US + 1)


def test_of_two_writes_with_equal_times_the_later_stays() -> None:
    """That is how a wrong value is corrected."""
    state, times = FakeState(), (NOON_US, NOON_US)
    for kids in ("0", "1"):
        assert put_newest(state, FACTS, {"a": (times, encode_row(FACTS, [kids], *times))}) == 1
    fact = decode_row(FACTS, rows_of(state, "profile")["a"])
    assert fact is not None
    assert fact.values == ("1",)


def test_reading_ahead_tells_of_a_history_that_cannot_be_read(tmp_path: Path) -> None:
    """As reading in turn does; and a build that is left early leaves no thread behind."""
    write_events(tmp_path, random_events(4, 300, USERS))
    rows = table_rows(LAYOUT, events_at(tmp_path), NOON_US)
    next(rows)
    rows.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("read-ahead")]
    next((tmp_path / "history" / "events").glob("*/*.parquet")).write_bytes(b"PAR1 no more PAR1")
    with pytest.raises(duckdb.Error):
        list(table_rows(LAYOUT, events_at(tmp_path), NOON_US))
