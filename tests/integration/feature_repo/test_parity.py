"""Online equals offline equals oracle, on a small history with late events; the command does 20,000 pairs."""

from __future__ import annotations

import json
from pathlib import Path

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


def test_a_single_wrong_value_fails_the_command(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One value off by its last bit: exit code 1, and the feature, the user and the instant are shown."""
    from feature_repo.cli import app
    from feature_repo.parity import measure

    honest = measure._offline

    def off_by_a_bit(*arguments: object) -> np.ndarray:
        values = honest(*arguments)
        row, column = np.argwhere(values > 0)[0]
        values[row, column] = np.nextafter(values[row, column], np.inf)
        return values

    monkeypatch.setattr(measure, "_offline", off_by_a_bit)
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1
    assert "1 differ" in done.output
    assert "first for user" in done.output
