"""`strata monitor` as its users run it: exit codes, files, Evidently's page, and a page server that ends when told."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drift_world import AGE_BANDS, log_table, synthetic_population, write_drift_package, write_log

from strata.runtime import Manifest
from strata.settings import Settings

pytestmark = pytest.mark.integration
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def manifest(settings: Settings) -> Manifest:
    return write_drift_package(settings.packages, synthetic_population(2_500, 1), categories=AGE_BANDS)


@pytest.fixture
def strata(settings: Settings, tmp_path: Path) -> Run:
    """Run `strata monitor ...` with this home, away from any settings file."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "strata.command", "monitor", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=_environment(settings), capture_output=True, text=True, check=False
        )

    return run


def test_drift_is_found_written_and_told_by_exit_code(settings: Settings, manifest: Manifest, strata: Run) -> None:
    """The planted shifts of the acceptance text in one log: +30 %, a vanished category, 20 % nulls. Exit 3."""
    columns = synthetic_population(2_400, 2)
    columns["rfm:monetary_30d"] *= 1.3
    columns["profile:age_band"] = np.where(columns["profile:age_band"] == 3, 2.0, columns["profile:age_band"])
    columns["rfm:recency_days"][::5] = np.nan
    columns["behaviour:coupons"][:] = np.nan  # Evidently refuses a report over such a column; it must be left out
    columns["rfm:frequency_30d"][:3] = np.inf
    write_log(settings.predictions, log_table(manifest, columns))

    file = settings.home / "answer.json"
    done = strata("report", "value_tiers", "--since", "2017-12-01T00:00:00Z", "--json", str(file))

    assert done.returncode == 3, done.stderr
    document = json.loads(file.read_text())
    drifted = {column["column"]: column for column in document["columns"] if column["drifted"]}
    assert set(drifted) == {"rfm:monetary_30d", "profile:age_band", "rfm:recency_days", "behaviour:coupons"}
    assert drifted["rfm:monetary_30d"]["method"] == "level"
    _check_files(settings, document)
    _check_evidently_agrees(settings, document)


def test_no_drift_no_log_and_bad_input_have_their_exit_codes(
    settings: Settings, manifest: Manifest, strata: Run
) -> None:
    """0 before the first request, 2 for what the caller can mend; sentences without traces."""
    quiet = strata("report", "value_tiers")
    assert (quiet.returncode, "No prediction log of value_tiers yet" in quiet.stdout) == (0, True)
    unknown = strata("report", "nobody")
    assert unknown.returncode == 2
    assert unknown.stderr.startswith("strata: no segmenter is named 'nobody'")
    window = strata("report", "value_tiers", "--last", "soon")
    assert (window.returncode, "is not a duration" in window.stderr) == (2, True)
    assert "Traceback" not in quiet.stderr + unknown.stderr + window.stderr


def test_the_page_serves_and_ends_on_a_signal(settings: Settings, manifest: Manifest, tmp_path: Path) -> None:
    """It says where it is ready, answers, and leaves with exit code 0 on SIGTERM and on SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        command = [sys.executable, "-m", "strata.command", "monitor", "serve", "--port", "0"]
        with subprocess.Popen(
            command, cwd=tmp_path, env=_environment(settings), stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            ready = process.stdout.readline().strip()
            host, _, port = ready.removeprefix("ready reports=").rpartition(":")
            connection = http.client.HTTPConnection(host, int(port), timeout=30)
            connection.request("GET", "/healthz")
            assert connection.getresponse().read() == b"ok\n"
            connection.close()
            process.send_signal(number)
            assert process.wait(30) == 0


def test_a_port_in_use_ends_with_a_sentence(settings: Settings, manifest: Manifest, strata: Run) -> None:
    """Somebody else listens there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = strata("serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "is in use; stop what listens there" in done.stderr
    assert "Traceback" not in done.stderr


def test_calibrate_prints_false_alarms_and_what_it_finds(settings: Settings, manifest: Manifest, strata: Run) -> None:
    """On the package's own reference: at most one alarm over 20 halves, every 20 % of nulls found."""
    file = settings.home / "calibration.json"
    done = strata("calibrate", "value_tiers", "--json", str(file))
    assert done.returncode == 0, done.stderr
    result = json.loads(file.read_text())
    assert result["false_alarms"] <= 1
    nulls = [row["found"] for row in result["planted"] if row["shift"] == "20 % nulls"]
    assert nulls == [1.0] * 8


def _check_files(settings: Settings, document: dict[str, Any]) -> None:
    """A folder with all four, nothing hidden but the lock, and one snapshot in the workspace."""
    folder = settings.reports / "value_tiers" / document["id"]
    assert sorted(path.name for path in folder.iterdir()) == ["evidently.html", "report.json", "summary.html"]
    hidden = [path.name for path in settings.reports.rglob(".*")]
    assert hidden == [".lock"]
    evidently = document["evidently"]
    snapshots = list((settings.reports / "workspace" / evidently["project"] / "snapshots").iterdir())
    assert [path.name for path in snapshots] == [f"{evidently['snapshot']}.json"]
    assert "What to do" in (folder / "summary.html").read_text()
    assert len((folder / "evidently.html").read_bytes()) > 1_000_000


def _check_evidently_agrees(settings: Settings, document: dict[str, Any]) -> None:
    """Every statistic in Evidently's snapshot is ours, to six digits, with our threshold."""
    evidently = document["evidently"]
    path = settings.reports / "workspace" / evidently["project"] / "snapshots" / f"{evidently['snapshot']}.json"
    ours = {
        (column["column"], check["method"]): (check["statistic"], check["threshold"])
        for column in document["columns"]
        for check in column["checks"]
    }
    seen = 0
    for result in json.loads(path.read_text())["metric_results"].values():
        params = result["metric_value_location"]["metric"]["params"] if result.get("metric_value_location") else {}
        key = (params.get("column"), params.get("method"))
        if key in ours:
            assert (result["value"], params["threshold"]) == pytest.approx(ours[key], abs=1e-6)
            seen += 1
    assert seen == 5 + 5 + 2  # deciles and level of five numbers, categories of two columns


def _environment(settings: Settings) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_")}
    return {**kept, "STRATA_HOME": str(settings.home), "COLUMNS": "200"}
