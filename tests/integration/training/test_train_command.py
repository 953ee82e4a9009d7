"""`strata train` and what follows it, as a scheduler and a person see it, on the toy world."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from toy_training import TIERS, ToyReader, toy_definition, write_toy_events
from typer.testing import CliRunner, Result

import strata.registry
import training.definition
import training.reader
from strata.errors import DefinitionInvalid, InputInvalid
from training.cli import app
from training.definition import Definition

pytestmark = pytest.mark.integration

RUN = CliRunner()
MOVED = {"moved_share": {"at_most": 0.0}, "champion_difference": {"at_least": -1.0}}


class Toy:
    """The command on a home of its own, over whatever definition is put before it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.definition = toy_definition(TIERS)
        monkeypatch.setattr(training.definition, "list_definitions", lambda: ["toy_tiers"])
        monkeypatch.setattr(training.definition, "load_definition", self._load)
        monkeypatch.setattr(training.reader, "FeastReader", lambda settings, catalog: ToyReader())
        monkeypatch.setattr(strata.registry, "read_catalog", lambda path: None)

    def _load(self, name: str) -> Definition:
        return self.definition

    def train(self, *options: str, as_of: str = "2017-11-27T00:00:00Z", **changes: object) -> Result:
        self.definition = toy_definition(TIERS, **changes)
        return RUN.invoke(app, ["train", "toy_tiers", "--as-of", as_of, *options])


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toy:
    monkeypatch.setenv("STRATA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    write_toy_events(tmp_path / "history")
    return Toy(monkeypatch)


def _versions() -> dict[str, tuple[str, bool]]:
    rows = json.loads(RUN.invoke(app, ["packages", "list", "--json"]).stdout)
    return {row["version"]: (row["decision"], row["latest"]) for row in rows}


def test_exit_codes_tell_a_scheduler_what_was_decided(toy: Toy, tmp_path: Path) -> None:
    """0 accept, 3 hold, 4 reject; then a person accepts the held one and asks what it changes."""
    accepted = toy.train("--who", "cron@night", as_of="2017-10-27T00:00:00Z")
    assert accepted.exit_code == 0, accepted.output
    assert "toy_tiers: fitting (2 of 7)" in accepted.output
    held = toy.train("--json", str(tmp_path / "held.json"), gates=MOVED, seed=8, algorithm=_three())
    assert held.exit_code == 3, held.output
    assert "MISSED moved_share is " in held.output
    told = json.loads((tmp_path / "held.json").read_bytes())["trained"][0]
    assert (told["decision"], told["gates"][0]["metric"]) == ("hold", "moved_share")
    rejected = toy.train(gates={"silhouette": 0.99})
    assert rejected.exit_code == 4, rejected.output

    first = next(version for version, (_, latest) in _versions().items() if latest)
    assert _versions() == {first: ("accept", True), told["version"]: ("hold", False)}
    version = told["version"]
    assert f"strata packages accept toy_tiers {version}" in held.output
    assert RUN.invoke(app, ["packages", "accept", "toy_tiers", version, "--why", "looked"]).exit_code == 0
    assert _versions()[version] == ("accept", True)
    lines = [json.loads(line) for line in (tmp_path / "trainings.jsonl").read_bytes().splitlines()]
    assert [line["decision"] for line in lines] == ["accept", "hold", "reject", "accept"]
    assert lines[0]["who"] == "cron@night"
    _diff(first, version, tmp_path)


def _three() -> dict[str, Any]:
    algorithm: dict[str, Any] = TIERS["algorithm"]  # type: ignore[assignment]
    return {**algorithm, "k_range": [3, 3]}


def _diff(old: str, new: str, home: Path) -> None:
    """What the command says is what the training said; a path is as good as a version; nonsense is refused."""
    said = RUN.invoke(app, ["segments", "diff", old, "toy_tiers/latest", "--json", str(home / "diff.json")])
    assert said.exit_code == 0, said.output
    assert f"Replacing {old} moves " in said.output
    told = json.loads((home / "diff.json").read_bytes())
    assert (told["old"], told["new"], told["moved"]["of"]) == (old, new, 240)
    evaluation = json.loads((home / "packages" / "toy_tiers" / new / "evaluation.json").read_bytes())
    assert told["segments"] == evaluation["details"]["identity"]["segments"]
    by_path = RUN.invoke(app, ["segments", "diff", str(home / "packages" / "toy_tiers" / old), new, "--on", "old"])
    assert by_path.exit_code == 0, by_path.output
    refused = RUN.invoke(app, ["segments", "diff", "nothing", new])
    assert isinstance(refused.exception, InputInvalid)
    assert "'nothing' is no version here" in str(refused.exception)


def test_mistakes_are_told_before_any_work(toy: Toy) -> None:
    """A gate on no figure, a window that begins after the clock: nothing is made, no line is written."""
    wrong = toy.train(gates={"silhuette": 0.1})
    assert isinstance(wrong.exception, DefinitionInvalid)
    late = toy.train("--since", "2018-01-01")
    assert isinstance(late.exception, InputInvalid)
    assert "fitting" not in wrong.output + late.output
    assert not Path("trainings.jsonl").exists()


def test_a_sliding_window_ends_in_a_decision(toy: Toy) -> None:
    """Ninety days: the users of those."""
    made = toy.train("--since", "90d")
    assert made.exit_code == 0, made.output
    entry = json.loads(Path("trainings.jsonl").read_bytes())
    assert (entry["decision"], entry["since"]) == ("accept", "2017-08-29T00:00:00Z")
