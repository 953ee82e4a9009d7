"""Online equals offline equals oracle, on a small history with late events; the command does 20,000 pairs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from feast_world import World
from typer.testing import CliRunner

pytestmark = pytest.mark.integration


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, applied: World) -> list[str]:
    for name, value in {**applied.environment(), "STRATA_REPO": str(applied.settings.repo)}.items():
        monkeypatch.setenv(name, value)
    return ["parity", "--pairs", "600", "--seed", "3"]


def test_three_ways_give_the_same_values(command: list[str], tmp_path: Path) -> None:
    """600 pairs, every windowed feature, late events and edges included: none differs, and the figures are written."""
    from feature_repo.cli import app

    out = tmp_path / "parity.json"
    done = CliRunner().invoke(app, [*command, "--json", str(out)])
    assert done.exit_code == 0, done.output
    document = json.loads(out.read_text())
    assert (document["pairs"], document["features"], document["differences"]) == (600, 45, 0)
    assert 0 < document["missing"] < document["values"] == 600 * 45
    assert "0 differ" in done.output


def test_a_perturbed_history_gives_the_same_values(command: list[str], tmp_path: Path) -> None:
    """Shuffled, repeated, late and too late events, and restarts that replay: still none differs."""
    from feature_repo.cli import app

    out = tmp_path / "parity.json"
    how = ["--shuffle", "--duplicates", "0.2", "--late", "0.1", "--too-late", "0.05", "--restarts", "20"]
    done = CliRunner().invoke(app, [*command, *how, "--oracle", "200", "--json", str(out)])
    assert done.exit_code == 0, done.output
    document = json.loads(out.read_text())
    assert (document["differences"], document["replays_wrong"], document["oracle_pairs"]) == (0, 0, 200)
    assert min(document["verdicts"][name] for name in ("accepted", "duplicate", "late")) > 0
    assert document["replays"] > 0


def test_a_single_wrong_value_fails_the_command(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One value off by its last bit: exit code 1, and the feature, the user, the instant and events are shown."""
    from feature_repo.cli import app
    from feature_repo.parity import measure, part

    honest = part._offline

    def off_by_a_bit(*arguments: Any) -> np.ndarray:
        values = honest(*arguments)
        row, column = np.argwhere(values > 0)[0]
        values[row, column] = np.nextafter(values[row, column], np.inf)
        return values

    monkeypatch.setattr(part, "_offline", off_by_a_bit)
    monkeypatch.setattr(measure, "_answers", lambda jobs: ((job.number, part.answer(job)) for job in jobs))
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert "1 differ" in done.output
    assert "first for user" in done.output
    assert "event_type" in done.output


def test_an_interrupted_comparison_goes_on(applied: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges of users that were done are not done again, and the outcome is that of one run."""
    from feature_repo.parity import measure, part

    monkeypatch.setattr(measure, "PAIRS_AT_A_TIME", 100)
    question = measure.Question(pairs=400, seed=5)
    worked: list[int] = []

    def answers(jobs: Any) -> Any:
        for job in jobs:
            if len(worked) == 1:
                worked.append(-1)
                raise KeyboardInterrupt
            worked.append(job.number)
            yield job.number, part.answer(job)

    monkeypatch.setattr(measure, "_answers", answers)
    with pytest.raises(KeyboardInterrupt):
        measure.measure_parity(applied.settings, question, lambda more: None)
    found = measure.measure_parity(applied.settings, question, lambda more: None)
    assert (found.pairs, found.differences) == (400, 0)
    assert len(worked) - 1 == len(set(worked) - {-1}) > 1
    assert not list(applied.settings.run.glob("parity-*"))
