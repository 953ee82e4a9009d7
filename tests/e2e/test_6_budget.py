"""The latency gate on the real platform: open while the store is quick, closed while it is slow."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from platform_process import ROOT, STRATA, Keeper, PlatformProcess


def _loadtest(platform: PlatformProcess, tmp_path: Path) -> tuple[int, dict[str, object]]:
    result = tmp_path / "result.json"
    done = subprocess.run(
        [
            STRATA, "loadtest", "--profile", "ci", "--target", platform.addresses["grpc"],
            "--json", str(result), "--html", str(tmp_path / "report.html"),
        ],
        cwd=ROOT, env=platform.environ(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.is_file(), done.stderr
    return done.returncode, json.loads(result.read_text(encoding="utf-8"))


def test_the_platform_is_within_the_loose_budget(platform: PlatformProcess, tmp_path: Path) -> None:
    """Fifty calls a second for five seconds: right, live replies, exit code 0, and a report to look at."""
    code, result = _loadtest(platform, tmp_path)
    assert (code, result["within"]) == (0, True), result
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_a_slow_store_is_past_it(keeper: Keeper, tmp_path: Path) -> None:
    """Reads held back by 60 ms inside the workers, twice the budget of the median: the gate closes."""
    keeper.stopped()
    platform = PlatformProcess(keeper.home, environ={"STRATA_DRILLS__STORE_DELAY_MS": "60"})
    try:
        platform.wait_until_ready()
        code, result = _loadtest(platform, tmp_path)
    finally:
        platform.stop()
    assert (code, result["within"]) == (1, False), result
