"""`strata train` and `strata packages`: what they say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from toy_package import write_toy_promo, write_toy_tiers
from typer.testing import CliRunner

from strata.errors import DefinitionInvalid, InputInvalid, PackageInvalid
from strata.faults import explain
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
    assert isinstance(found.exception, InputInvalid)
    assert "did you mean toy_tiers?" in str(found.exception)


@pytest.mark.parametrize(
    "command", [["show"], ["tune"], ["accept", "--why", "looked"]], ids=lambda command: str(command[0])
)
@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        (
            ["nobody", "latest"],
            "no version of a segmenter 'nobody' is stored (there are toy_held, toy_promo, toy_tiers); ",
        ),
        (["toy_tier", "latest"], "did you mean toy_tiers?"),
        (["toy_tiers", "../../x"], "toy_tiers has no version '../../x'; there are "),
        (["toy_tiers", "lates"], "did you mean latest?"),
        (["toy_held", "latest"], "no version of toy_held was accepted yet, so none is the latest; name one ("),
        (["toy_tiers", "0123456789ab"], "was rejected, and only its report is kept, in "),
        (["toy_bare", "latest"], "no version of a segmenter 'toy_bare' is stored"),
    ],
)
def test_a_version_that_is_not_there_is_the_callers_mistake(
    packages: Path, command: list[str], named: list[str], sentence: str
) -> None:
    """Exit code 2, and one sentence with what there is or what was meant; a rejected one and a held one say so."""
    (packages / "toy_tiers" / "rejected" / "0123456789ab").mkdir(parents=True)
    (packages / "toy_bare").mkdir()
    held = packages / "toy_held" / write_toy_promo(packages).name
    held.mkdir(parents=True)
    (held / "manifest.json").touch()
    found = RUN.invoke(app, ["packages", command[0], *named, *command[1:]])
    assert isinstance(found.exception, InputInvalid)
    said, code = explain(found.exception)
    assert (sentence in said, code) == (True, 2), said


def test_the_beginning_of_a_version_is_enough_to_be_understood(packages: Path) -> None:
    """As it is with a commit: but what is written down is the whole of it, so it is told and not taken."""
    version = (packages / "toy_tiers" / "LATEST").read_text(encoding="utf-8").strip()
    found = RUN.invoke(app, ["packages", "show", "toy_tiers", version[:4]])
    assert str(found.exception) == f"toy_tiers has no version {version[:4]!r}; did you mean {version}?"
    assert RUN.invoke(app, ["packages", "show", "toy_tiers", version]).exit_code == 0


def test_a_damaged_latest_is_a_failure(packages: Path) -> None:
    """Nobody asked for anything wrong: exit code 1."""
    (packages / "toy_tiers" / "LATEST").write_text("fffffffffff0\n", encoding="utf-8")
    found = RUN.invoke(app, ["packages", "show", "toy_tiers"])
    assert isinstance(found.exception, PackageInvalid)
    assert explain(found.exception)[1] == 1


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
