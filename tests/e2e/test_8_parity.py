"""The values of training and of serving are the same, on the demonstration's real history as it may have arrived."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from platform_process import ROOT, STRATA, Keeper, PlatformProcess

PERTURBED = ("--shuffle", "--duplicates", "0.05", "--late", "0.05", "--too-late", "0.01", "--restarts", "3")


@pytest.mark.timeout(1_200)
def test_fifty_thousand_instants_have_the_same_values_online_and_offline(keeper: Keeper, tmp_path: Path) -> None:
    """Shuffled arrival, repeats, late and too late events, restarts in the middle: every windowed feature, exact."""
    environ = PlatformProcess.environ_of(keeper.stopped())
    out = tmp_path / "parity.json"
    words = [str(STRATA), "features", "parity", "--pairs", "50000", "--seed", "5", "--oracle", "200", *PERTURBED]
    ran = subprocess.run(
        [*words, "--json", str(out)], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads(out.read_text(encoding="utf-8"))
    assert (found["pairs"], found["differences"], found["replays_wrong"]) == (50_000, 0, 0)
    assert found["replays"] > 0
    assert min(found["verdicts"][name] for name in ("accepted", "duplicate", "late")) > 0
