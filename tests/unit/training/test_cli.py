"""`strata train` and `strata packages`: what they say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from toy_package import write_toy_promo, write_toy_tiers
from typer.testing import CliRunner

from strata.errors import DefinitionInvalid, InputInvalid, SegmenterNotFound
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
    assert isinstance(RUN.invoke(app, ["train", "nobody"]).exception, DefinitionInvalid)


def test_verify_of_a_name_nobody_has_is_no_success(packages: Path) -> None:
    """A scheduler that mistypes is told, with the names there are."""
    found = RUN.invoke(app, ["packages", "verify", "toy_tier"])
    assert isinstance(found.exception, SegmenterNotFound)
    assert "toy_promo, toy_tiers" in str(found.exception)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["train", "value_tiers", "--json", "nowhere/figures.json"], "there is no folder .*nowhere; make it first"),
        (["train", "value_tiers", "--json", "."], "is a folder; name a file"),
        (["packages", "tune", "toy_promo", "--json", "nowhere/f.json"], "there is no folder"),
        (["train", "value_tiers", "--as-of", "9000-01-01T00:00:00Z"], "--as-of 9000-01-01T00:00:00Z is yet to come"),
    ],
)
def test_what_a_command_could_not_do_in_the_end_it_does_not_begin(
    packages: Path, options: list[str], sentence: str
) -> None:
    """A figure of minutes of work that cannot be written, an instant without a history: before there is a registry."""
    found = RUN.invoke(app, options)
    assert isinstance(found.exception, InputInvalid)
    assert re.search(sentence, str(found.exception))
