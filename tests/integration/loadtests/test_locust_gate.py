"""The gate as a person runs it: `strata loadtest` on a real server, and its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from toy_gateway import ToyGateway, served

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
QUICK = """
profiles:
  quick: {rate: 40, duration_s: 3, warmup_s: 1, batch_share: 0.2, batch_users: 3,
          p50_ms: 30, p95_ms: 5000, p99_ms: 5000, p99_9_ms: 5000,
          error_share: 0.01, degraded_share: 0.05, achieved_share: 0.9}
"""


def _loadtest(folder: Path, target: str, *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "users.txt").write_text("1\n22\n333\n")
    (folder / "budget.yaml").write_text(QUICK)
    command = [sys.executable, "-m", "strata.command", "loadtest", "--target", target, "--profile", "quick"]
    command += ["--budget", "budget.yaml", "--users", "users.txt", "--json", "out.json", "--html", "out.html", *more]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "STRATA_HOME": str(folder / "home")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_fast_server_is_within_the_budget(tmp_path: Path) -> None:
    """Exit code 0, the load offered in full, both methods measured, an HTML report."""
    with served(ToyGateway()) as target:
        done = _loadtest(tmp_path, target)
    assert done.returncode == 0, done.stdout + done.stderr
    measured = json.loads((tmp_path / "out.json").read_text())["measured"]
    assert (measured["offered"], measured["good"], measured["errors"]) == (120, 120, {})
    assert set(measured["methods"]) == {"GetSegments", "BatchGetSegments"}
    assert "<html" in (tmp_path / "out.html").read_text()


def test_a_slow_server_is_past_the_budget(tmp_path: Path) -> None:
    """A store that takes 60 ms longer breaks a median of 30 ms: exit code 1, and only for that."""
    with served(ToyGateway(delay_s=0.06)) as target:
        done = _loadtest(tmp_path, target)
    assert done.returncode == 1, done.stdout + done.stderr
    lines = json.loads((tmp_path / "out.json").read_text())["lines"]
    assert [line["name"] for line in lines if not line["kept"]] == ["p50"]


def test_replies_held_back_on_the_way_are_past_the_budget(tmp_path: Path) -> None:
    """`--slow-ms` slows any gateway from outside: the demonstration that the gate closes."""
    with served(ToyGateway()) as target:
        done = _loadtest(tmp_path, target, "--slow-ms", "60")
    assert done.returncode == 1, done.stdout + done.stderr
    measured = json.loads((tmp_path / "out.json").read_text())["measured"]
    assert measured["all"]["p50_ms"] >= 60
    assert measured["good"] == 120


@pytest.mark.parametrize(
    ("gateway", "broken"),
    [
        (ToyGateway(degraded=True), ["degraded"]),
        (ToyGateway(segment="prime"), ["errors", "achieved rate"]),
        (ToyGateway(fail=True), ["errors", "achieved rate"]),
    ],
    ids=["degraded", "wrong", "failing"],
)
def test_answers_that_are_fast_but_not_good_are_past_the_budget(
    tmp_path: Path, gateway: ToyGateway, broken: list[str]
) -> None:
    """Degraded, wrong and failed answers fail a run whose latencies are fine."""
    with served(gateway) as target:
        done = _loadtest(tmp_path, target)
    assert done.returncode == 1, done.stdout + done.stderr
    lines = json.loads((tmp_path / "out.json").read_text())["lines"]
    assert [line["name"] for line in lines if not line["kept"]] == broken


def test_an_unknown_key_of_the_budget_is_a_sentence(tmp_path: Path) -> None:
    """A budget file that says something unknown is refused by name: exit code 2, no load."""
    (tmp_path / "odd.yaml").write_text(QUICK.replace("p50_ms", "p51_ms"))
    done = _loadtest(tmp_path, "127.0.0.1:1", "--budget", "odd.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "profiles.quick.p51_ms is not a key of a budget" in done.stderr


def test_nobody_there_is_a_sentence(tmp_path: Path) -> None:
    """A target that does not answer is the caller's mistake, said before any load: exit code 2."""
    done = _loadtest(tmp_path, "127.0.0.1:1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no gateway answers at 127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr
