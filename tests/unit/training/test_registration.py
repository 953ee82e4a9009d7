"""How a decided version becomes one of the home's, and what is finished after a kill."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from toy_package import write_toy_tiers

from strata.errors import AlreadyRunning, InputInvalid, PackageInvalid
from strata.one_holder import hold
from strata.runtime import Manifest, list_versions, load_package
from strata.runtime.manifest import seal
from strata.runtime.store import latest_version, point_latest, write_package
from training.acceptance import accept
from training.journal import Entry, Journal
from training.registration import KEPT_REPORTS, recover, register

NAME = "toy_tiers"


class Home:
    """A home with one accepted version, `first`, and versions to register."""

    def __init__(self, folder: Path) -> None:
        self.packages, self.journal = folder / "packages", Journal(folder / "trainings.jsonl")
        self.first = load_package(write_toy_tiers(self.packages)).manifest

    def version(self, number: int) -> Manifest:
        return seal(replace(self.first, description=f"Number {number}.", files={}))

    def entry(self, number: int, decision: str) -> Entry:
        at = f"2018-01-{number:02d}T00:00:00Z"
        version = self.version(number).version
        return {"at": at, "segmenter": NAME, "version": version, "decision": decision}

    def pages(self, number: int, decision: str) -> dict[str, bytes]:
        return {"evaluation.json": json.dumps({"training": self.entry(number, decision)}).encode()}

    def register(self, number: int, decision: str) -> Path:
        return register(self.packages, self.journal, self.version(number), {}, self.pages(number, decision))[1]

    @property
    def latest(self) -> str | None:
        return latest_version(self.packages, NAME)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_accept_moves_latest_hold_only_stores_reject_only_reports(home: Home) -> None:
    """Each leaves its line, in order."""
    home.register(1, "accept")
    assert home.latest == home.version(1).version
    held = home.register(2, "hold")
    assert load_package(held).manifest.version == home.version(2).version
    rejected = home.register(3, "reject")
    assert home.latest == home.version(1).version
    assert rejected.parent.name == "rejected"
    assert sorted(list_versions(home.packages, NAME)) == sorted(
        [home.first.version, home.version(1).version, home.version(2).version]
    )
    assert list(home.journal.entries()) == [
        home.entry(1, "accept"), home.entry(2, "hold"), home.entry(3, "reject"),
    ]  # fmt: skip


def test_reports_of_rejected_versions_are_bounded(home: Home) -> None:
    """The newest stay."""
    folders = [home.register(number, "reject") for number in range(1, KEPT_REPORTS + 3)]
    assert [folder.is_dir() for folder in folders] == [False] * 2 + [True] * KEPT_REPORTS


@pytest.mark.parametrize("decision", ["accept", "hold", "reject"])
def test_what_was_cut_off_before_its_line_is_finished(home: Home, decision: str) -> None:
    """From what its folder says; once."""
    if decision == "reject":
        home.register(1, "reject")
        home.journal.path.unlink()
    else:
        write_package(home.packages, home.version(1), home.pages(1, decision), latest=False)
    assert recover(home.packages, home.journal, NAME) == [home.version(1).version]
    assert home.latest == (home.version(1) if decision == "accept" else home.first).version
    assert list(home.journal.entries()) == [home.entry(1, decision)]
    assert recover(home.packages, home.journal, NAME) == []


def test_a_lost_journal_moves_latest_to_nothing_older(home: Home) -> None:
    """What is newer than every line that is found again stays the latest."""
    write_package(home.packages, home.version(1), home.pages(1, "accept"), latest=False)
    newer = replace(home.version(9), created_at="2018-02-01T00:00:00Z")
    write_package(home.packages, newer, {}, latest=True)
    recover(home.packages, home.journal, NAME)
    assert home.latest == newer.version


def test_leftovers_and_foreign_versions_are_no_trainings(home: Home) -> None:
    """A pending folder goes; a version from elsewhere has no line and gets none."""
    pending = home.packages / NAME / ".pending-0123"
    pending.mkdir()
    assert recover(home.packages, home.journal, NAME) == []
    assert not pending.exists()
    assert not home.journal.path.exists()


def test_a_person_accepts_what_was_held(home: Home) -> None:
    """With a reason and a name, in the journal; `latest` means it from then on."""
    home.register(2, "hold")
    version = home.version(2).version
    entry = accept(home.packages, home.journal, NAME, version, why="the sale moved them", who="ann@desk")
    assert home.latest == version
    assert (entry["action"], entry["who"], entry["reasons"]) == ("accept", "ann@desk", ["the sale moved them"])
    assert entry["previous"] == home.first.version
    assert home.journal.decisions(NAME) == {version: "accept"}


def test_what_cannot_be_accepted_is_told_why(home: Home) -> None:
    """Accepted already, rejected, not there, no reason, or while it is being trained."""
    rejected = home.register(3, "reject").name
    held = home.register(2, "hold").name

    def refused(version: str, why: str = "because") -> str:
        with pytest.raises((InputInvalid, PackageInvalid, AlreadyRunning)) as told:
            accept(home.packages, home.journal, NAME, version, why=why, who=None)
        return str(told.value)

    assert "is the version accepted last already" in refused(home.first.version)
    assert f"{home.first.version} is the version accepted last already" in refused("latest")
    assert "was rejected, and only its report is kept" in refused(rejected)
    assert "has no version '0123456789ab'" in refused("0123456789ab")
    assert "--why is empty" in refused(held, " ")
    with hold(home.packages / NAME / ".lock", str):
        assert "is training toy_tiers" in refused(held)
    assert home.latest == home.first.version


def test_a_version_that_was_stored_keeps_its_pages(home: Home) -> None:
    """Trained again and decided otherwise: the line is new, the folder is the first one's."""
    folder = home.register(1, "hold")
    assert home.register(1, "accept") == folder
    assert json.loads((folder / "evaluation.json").read_bytes())["training"]["decision"] == "hold"
    assert home.latest == folder.name
    assert home.journal.decisions(NAME)[folder.name] == "accept"
    point_latest(home.packages, NAME, home.first.version)
    recover(home.packages, home.journal, NAME)
    assert home.latest == home.first.version


def test_a_torn_line_of_the_journal_is_passed_over(home: Home) -> None:
    """And the next one stands by itself."""
    home.register(1, "accept")
    with home.journal.path.open("ab") as file:
        file.write(b'{"segmenter":"toy_')
    home.register(2, "hold")
    assert [entry["decision"] for entry in home.journal.entries(NAME)] == ["accept", "hold"]
