"""`strata events` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_imports import NOW_US, SHOP, rows, write_rows
from typer.testing import CliRunner

from strata.clock import format_instant
from strata.errors import DefinitionInvalid
from streaming.cli import app


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a mapping, a source and a home."""
    monkeypatch.setenv("STRATA_HOME", str(tmp_path / "home"))
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    write_rows(tmp_path / "rows.csv", rows({}, {"user": ""}, {"id": "0"}))
    return tmp_path


def strata_events(*arguments: str) -> str:
    """What it prints; errors are raised, as the `strata` command wants them."""
    return CliRunner().invoke(app, arguments, catch_exceptions=False).stdout


def test_import_prints_what_became_of_the_rows(here: Path) -> None:
    """A person reads a table and where the quarantine lies; a program reads the same as JSON."""
    arguments = (
        "import",
        str(here / "rows.csv"),
        "--mapping",
        str(here / "shop.yaml"),
        "--now",
        format_instant(NOW_US),
    )
    said = strata_events(*arguments)
    assert "quarantined missing_user 1; see" in said
    assert said.splitlines()[1].split()[:7] == ["rows.csv", "shop", "3", "1", "1", "1", "0"]
    (entry,) = json.loads(strata_events(*arguments, "--json"))["imports"]
    counts = {name: entry[name] for name in ("read", "accepted", "duplicate", "quarantined", "reasons")}
    assert counts == {
        "read": 3, "accepted": 0, "duplicate": 2, "quarantined": 1, "reasons": {"missing_user": 1},
    }  # fmt: skip
    assert Path(entry["quarantine"]).is_dir()


def test_several_files_at_once(here: Path) -> None:
    """Each file has its line."""
    write_rows(here / "more.jsonl", rows({"id": "0"}, {"id": "x"}))
    said = strata_events(
        "import", str(here / "rows.csv"), str(here / "more.jsonl"), "--mapping", str(here / "shop.yaml")
    )
    assert said.splitlines()[2].split()[:6] == ["more.jsonl", "shop", "2", "1", "1", "0"]


def test_stats_and_mappings(here: Path) -> None:
    """Statistics and the shipped mappings are listed."""
    strata_events("import", str(here / "rows.csv"), "--mapping", str(here / "shop.yaml"))
    assert "purchase" in strata_events("stats")
    assert json.loads(strata_events("stats", "--json"))["events"] == 1
    assert "online_retail" in strata_events("mappings")


def test_a_wrong_mapping_stops_before_anything_is_read(here: Path) -> None:
    """A mapping that cannot be used leaves no home behind."""
    with pytest.raises(DefinitionInvalid, match="cannot be read"):
        strata_events("import", str(here / "rows.csv"), "--mapping", "none")
    assert not (here / "home").exists()
