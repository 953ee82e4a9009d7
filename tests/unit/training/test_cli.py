"""`strata train` and `strata packages`: what they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from toy_package import write_toy_promo, write_toy_tiers
from typer.testing import CliRunner

from strata.errors import InputInvalid, SegmenterNotFound
from training.cli import app

RUN = CliRunner()


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with the two toy packages."""
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    write_toy_tiers(tmp_path / "packages")
    write_toy_promo(tmp_path / "packages")
    return tmp_path / "packages"


def test_list_names_every_version(packages: Path) -> None:
    """As JSON for a program; the one accepted last is marked."""
    older = (packages / "toy_promo" / "LATEST").read_text(encoding="utf-8").strip()
    newer = write_toy_promo(packages, description="Newer.").name
    rows = json.loads(RUN.invoke(app, ["packages", "list", "--json"]).stdout)
    assert {(row["segmenter"], row["version"]) for row in rows if row["latest"]} == {
        ("toy_promo", newer),
        ("toy_tiers", (packages / "toy_tiers" / "LATEST").read_text(encoding="utf-8").strip()),
    }
    assert {"segmenter": "toy_promo", "version": older, "latest": False, "decision": ""} in rows


def test_show_prints_the_manifest_for_programs(packages: Path) -> None:
    """The very bytes of manifest.json, as JSON."""
    shown = RUN.invoke(app, ["packages", "show", "toy_tiers", "--json"])
    assert [entry["key"] for entry in json.loads(shown.stdout)["vocabulary"]] == ["low", "middle", "high"]


def test_verify_names_the_damaged_one(packages: Path) -> None:
    """Sound ones are said to be sound; a damaged one is a sentence and exit code 1."""
    folder = write_toy_promo(packages)
    (folder / "model.txt").write_text("tree\n", encoding="utf-8")
    outcome = RUN.invoke(app, ["packages", "verify"])
    assert outcome.exit_code == 1
    assert "model.txt is not the file the manifest lists" in outcome.output
    assert "toy_tiers" in outcome.output
    assert "sound" in outcome.output


def test_train_wants_one_name_or_all(packages: Path) -> None:
    """Neither, or a name nobody declared, is answered with the declared ones."""
    neither = RUN.invoke(app, ["train"])
    assert isinstance(neither.exception, InputInvalid)
    assert "promo_responder, value_tiers" in str(neither.exception)
    assert isinstance(RUN.invoke(app, ["train", "nobody"]).exception, SegmenterNotFound)
