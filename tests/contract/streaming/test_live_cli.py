"""`strata stream feed-demo` and `publish`, and what `import-demo` leaves them, against the real door."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from served_door import NOW_US, SECOND_US, ServedDoor, served_door
from small_imports import SHOP, rows, write_rows
from typer.testing import CliRunner, Result

from strata.clock import format_instant
from strata.errors import SettingsInvalid
from streaming.cli import app as events_app
from streaming.history import scan_events
from streaming.live_cli import app

FACTS = """
name: people
kind: facts
user: user
time: {column: at, zone: Europe/London}
fields: {age_band: {column: age}}
"""
MINUTE_S = 60


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A demonstration of three purchases and one fact, whose anchor lies between the first purchase and the rest."""
    monkeypatch.setenv("STRATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STRATA_CLOCK__MODE", f"replay:{format_instant(NOW_US - 3_600 * SECOND_US)}")
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    (tmp_path / "people.yaml").write_text(FACTS, encoding="utf-8")
    shop = write_rows(tmp_path / "rows.csv", rows(*({"at": ago(minutes)} for minutes in (90, 30, 10)), {"user": ""}))
    people = write_rows(tmp_path / "people.csv", [{"user": "ann", "at": ago(20), "age": "25-34"}])
    sources = [(people, str(tmp_path / "people.yaml")), (shop, str(tmp_path / "shop.yaml"))]
    monkeypatch.setattr("streaming.demo.demo_sources", lambda: sources)
    return tmp_path


def ago(minutes: int) -> str:
    return format_instant(NOW_US - minutes * MINUTE_S * SECOND_US)


async def in_thread(ask: Callable[[], Result]) -> Result:
    return await asyncio.to_thread(ask)


async def said_by(door: ServedDoor, *arguments: str) -> dict[str, Any]:
    """What the command prints as JSON."""
    runner = CliRunner()
    result = await in_thread(
        lambda: runner.invoke(app, [*arguments, "--to", door.address, "--json"], catch_exceptions=False)
    )
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


async def test_the_year_is_imported_up_to_its_anchor_and_fed_from_there(here: Path) -> None:
    """Import and feeder share the rows out: none is missing, none is in both. A repeat changes nothing."""
    imported = CliRunner().invoke(events_app, ["import-demo"], catch_exceptions=False).stdout
    assert f"what happened after {ago(60)} comes live" in imported
    assert [row["event_id"] for row in scan_events(here / "home" / "history").to_pylist()] == ["shop|0"]
    async with served_door() as door:
        found = await said_by(door, "feed-demo", "--once")
        assert (found["published"], found["outcomes"]) == (3, {"accepted": 3})
        logged = {record.event_id: record for record in door.logged()}
        assert {"shop|1", "shop|2"} < set(logged)
        assert logged["shop|1"].event_time_us == NOW_US - 30 * MINUTE_S * SECOND_US
        assert (logged["shop|1"].value, logged["shop|1"].recorded_us) == (150, NOW_US)
        (fact,) = (record for record in logged.values() if record.event_type == "profile_update")
        assert (fact.user_id, fact.tail) == ("ann", b'{"age_band":"25-34"}')
        again = await said_by(door, "feed-demo", "--once")
        assert again["outcomes"] == {"duplicate": 3}
        assert len(door.logged()) == 3


async def test_a_year_as_a_load(here: Path) -> None:
    """At a rate, stamped as they arrive, with ids of their own: it does not use up the year."""
    async with served_door() as door:
        found = await said_by(door, "feed-demo", "--rate", "100", "--seconds", "0.2")
        assert set(found["outcomes"]) == {"accepted"}
        assert 10 <= found["published"] <= 21
        logged = door.logged()
        assert len({record.event_id for record in logged}) == found["published"]
        assert all(record.event_id.startswith("load-") for record in logged)
        assert {record.event_time_us for record in logged} == {NOW_US}
        assert (await said_by(door, "feed-demo", "--once"))["outcomes"] == {"accepted": 3}


async def test_any_file_goes_through_the_door(here: Path) -> None:
    """Rows an import would quarantine are counted and left out; the door judges the others."""
    path = write_rows(here / "more.csv", rows({"at": ago(5)}, {"price": "-1"}, {"at": "2017-01-01T00:00:00"}))
    async with served_door() as door:
        found = await said_by(door, "publish", str(path), "--mapping", str(here / "shop.yaml"))
        assert (found["outcomes"], found["reasons"]) == ({"accepted": 1, "late": 1}, {"late": 1})
        assert found["kept_out"] == {"negative_value": 1}
        assert [record.event_id for record in door.logged()] == ["shop|0"]


def test_under_the_system_clock_there_is_nothing_to_come(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence instead of a year that would all be late."""
    monkeypatch.setenv("STRATA_CLOCK__MODE", "system")
    with pytest.raises(SettingsInvalid, match=r"set clock\.mode to replay"):
        CliRunner().invoke(app, ["feed-demo"], catch_exceptions=False)
