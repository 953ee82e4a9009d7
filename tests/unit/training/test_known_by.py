"""A history cut at an instant holds what was recorded by then, of some users, and nothing else."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
from event_factories import make_event
from history_files import write_aliases, write_events, write_facts

from strata.settings import Settings
from training.known_by import cut_home

T = 17_300 * 86_400_000_000


def _rows(home: Path, folder: str) -> list[tuple[str, int]]:
    files = sorted((home / "history" / folder).rglob("*.parquet"))
    table = pa.concat_tables([pq.read_table(each, partitioning=None) for each in files])
    return list(zip(table["user_id"].to_pylist(), table["recorded_at"].cast(pa.int64()).to_pylist(), strict=True))


def test_only_what_was_recorded_by_then_of_these_users(tmp_path: Path) -> None:
    """To the microsecond, by when it was recorded and not when it happened; facts too; the schema stays."""
    home, cut = tmp_path / "home", tmp_path / "cut"
    cut.mkdir()
    events = [make_event(event_id=f"{user}{at}", user_id=user, event_time_us=T - 9, recorded_us=T + at)
              for user in ("a", "b") for at in (-5, 0, 1)]  # fmt: skip
    write_events(home, events)
    write_facts(home, [{"user_id": "a", "event_time_us": T - 1}, {"user_id": "a", "event_time_us": T + 1}])
    (home / "registry.db").write_bytes(b"registry")
    settings = cut_home(Settings.model_validate({"home": home}), cut, T, ["a"])
    assert (settings.home, settings.registry.read_bytes()) == (cut, b"registry")
    assert _rows(cut, "events") == [("a", T - 5), ("a", T)]
    assert _rows(cut, "profile") == [("a", T - 1)]
    path = Path("history", "events", "month=2017-07", "a.parquet")
    assert pq.read_schema(cut / path).equals(pq.read_schema(home / path))


def test_aliases_come_along_with_their_events(tmp_path: Path) -> None:
    """What an alias did may be the user's: its events are kept, and an alias recorded later is not."""
    home, cut = tmp_path / "home", tmp_path / "cut"
    cut.mkdir()
    write_events(home, [make_event(event_id=u, user_id=u, recorded_us=T) for u in ("a", "device", "b")])
    pairs = [("device", T), ("later", T + 1)]
    write_aliases(home, [SimpleNamespace(alias_id=a, user_id="a", recorded_us=at, event_id=f"e{a}") for a, at in pairs])
    (home / "registry.db").write_bytes(b"registry")
    cut_home(Settings.model_validate({"home": home}), cut, T, ["a"])
    assert [user for user, _ in _rows(cut, "events")] == ["a", "device"]
    assert _rows(cut, "aliases") == [("a", T)]


def test_rows_that_do_not_say_when_they_were_recorded_are_taken_as_they_are(tmp_path: Path) -> None:
    """Another source's file, copied byte for byte."""
    home, cut = tmp_path / "home", tmp_path / "cut"
    cut.mkdir()
    odd = home / "history" / "weather" / "a.parquet"
    odd.parent.mkdir(parents=True)
    pq.write_table(pa.table({"day": [1, 2]}), odd)
    (home / "registry.db").write_bytes(b"registry")
    cut_home(Settings.model_validate({"home": home}), cut, T, ["a"])
    assert (cut / "history" / "weather" / "a.parquet").read_bytes() == odd.read_bytes()
