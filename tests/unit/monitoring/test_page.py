"""The page: what is listed, what a visitor can and cannot reach, and how it ends."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from drift_world import AGE_BANDS, log_table, synthetic_population, write_drift_package, write_log

from monitoring.page.server import PageServer
from monitoring.page.shelf import Shelf
from monitoring.report.run import Outcome, Request, run_report
from monitoring.report.window import Window
from monitoring.summary.page import summary_page
from strata.errors import AlreadyRunning, SettingsInvalid
from strata.settings import Settings


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Outcome, Outcome]:
    """Two reports: an older one without drift, a newer one with."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    manifest = write_drift_package(settings.packages, synthetic_population(800, 1), categories=AGE_BANDS)
    request = Request("value_tiers", Window(), settings.reports, evidently=False)
    columns = synthetic_population(600, 2)
    write_log(settings.predictions, log_table(manifest, columns))
    calm = run_report(settings, request, datetime(2026, 1, 1, tzinfo=UTC))
    columns["rfm:recency_days"][::5] = np.nan
    write_log(settings.predictions, log_table(manifest, columns))
    return settings, calm, run_report(settings, request, datetime(2026, 1, 2, tzinfo=UTC))


@pytest.fixture(scope="module")
def port(world: tuple[Settings, Outcome, Outcome]) -> Iterator[int]:
    settings = world[0]
    with PageServer("127.0.0.1", 0, Shelf(settings.reports, settings.packages)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def ask(port: int, path: str, method: str = "GET", host: str | None = None) -> tuple[int, str, dict[str, str]]:
    """Status, body and headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers={"Host": host} if host else {})
    reply = connection.getresponse()
    body = reply.read().decode()
    connection.close()
    return reply.status, body, dict(reply.getheaders())


def test_the_front_page_lists_reports_newest_first(port: int, world: tuple[Settings, Outcome, Outcome]) -> None:
    """Both reports, the newer above, with status, and the package's evaluation page."""
    _, calm, drift = world
    status, body, _ = ask(port, "/")
    assert status == 200
    assert body.index(f"{drift.folder.name}/report.json") < body.index(f"{calm.folder.name}/report.json")
    assert f"/packages/value_tiers/{drift.document['version']}/evaluation.html" in body


def test_a_report_and_an_evaluation_are_served(port: int, world: tuple[Settings, Outcome, Outcome]) -> None:
    """Summary, JSON and evaluation as they lie on disk."""
    drift = world[2]
    where = f"/reports/value_tiers/{drift.folder.name}/"
    assert ask(port, where)[1] == (drift.folder / "summary.html").read_text()
    assert ask(port, f"{where}report.json")[2]["Content-Type"] == "application/json"
    assert "toy evaluation" in ask(port, f"/packages/value_tiers/{drift.document['version']}/evaluation.html")[1]
    assert ask(port, where.rstrip("/"))[0] == 302


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/reports/../../etc/passwd",
        "/reports/%2e%2e/%2e%2e/report.json",
        "/reports/value_tiers/..%2f..%2f..%2fpackages/report.json",
        "/reports/value_tiers/{id}/..%2freport.json",
        "/reports/value_tiers/{id}/.lock",
        "/reports/value_tiers/{id}/evidently.html",
        "/packages/value_tiers/{version}/manifest.json",
        "/packages/..%2fpackages/value_tiers/evaluation.html",
        "/%00",
    ],
)
def test_nothing_but_what_is_listed_can_be_reached(
    port: int, world: tuple[Settings, Outcome, Outcome], path: str
) -> None:
    """Paths out of the folders, hidden files, other files and absent ones are all 404."""
    drift = world[2]
    asked = path.replace("{id}", drift.folder.name).replace("{version}", drift.document["version"])
    assert ask(port, asked)[:2] == (404, "nothing here; the front page lists everything: /\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_the_page_is_for_reading(port: int, method: str) -> None:
    """Any other method is 405 and says which ones there are."""
    status, _, headers = ask(port, "/", method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_head_has_the_headers_of_get_and_no_body(port: int) -> None:
    """The length is told, the body is not sent."""
    status, body, headers = ask(port, "/healthz", "HEAD")
    assert (status, body, headers["Content-Length"]) == (200, "", "3")


def test_a_foreign_name_is_refused(port: int) -> None:
    """A web page of elsewhere whose name points here gets nothing."""
    assert ask(port, "/", host="evil.example")[0] == 421
    assert ask(port, "/healthz", host=f"localhost:{port}")[:2] == (200, "ok\n")


def test_metrics_are_those_of_the_newest_report(port: int, world: tuple[Settings, Outcome, Outcome]) -> None:
    """Score and threshold per check, failed checks, and when the report was made."""
    lines = ask(port, "/metrics")[1].splitlines()
    labels = 'column="rfm:recency_days",method="missing_share",segmenter="value_tiers"'
    assert f"strata_drift_score{{{labels}}} 0.2" in lines
    assert f"strata_drift_threshold{{{labels}}} 0.1" in lines
    assert 'strata_report_tests_failed{segmenter="value_tiers"} 1.0' in lines
    run = next(line for line in lines if line.startswith("strata_report_last_run_timestamp_seconds{"))
    assert float(run.split()[-1]) == world[2].document["created_timestamp"]


def test_an_empty_home_says_what_to_do(tmp_path: Path) -> None:
    """No report, no package, no folder at all."""
    from monitoring.page.routes import answer

    reply = answer(Shelf(tmp_path / "reports", tmp_path / "packages"), "/")
    assert b"No report yet" in reply.body
    assert b"strata train NAME" in reply.body


def test_a_damaged_report_is_left_out(tmp_path: Path) -> None:
    """Half a JSON file hides no other page."""
    folder = tmp_path / "reports" / "value_tiers" / "broken"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text('{"format": "strata-dr')
    assert Shelf(tmp_path / "reports", tmp_path / "packages").reports() == []


def test_a_port_in_use_is_a_sentence(port: int, tmp_path: Path) -> None:
    """A second page on the same port is told so."""
    with pytest.raises(AlreadyRunning, match=f"port {port} on 127.0.0.1 is in use"):
        PageServer("127.0.0.1", port, Shelf(tmp_path, tmp_path))


def test_a_public_address_is_refused(tmp_path: Path) -> None:
    """Reports are not shown to the network."""
    with pytest.raises(SettingsInvalid, match="loopback only"):
        PageServer("0.0.0.0", 0, Shelf(tmp_path, tmp_path))


def test_names_from_outside_cannot_become_markup(world: tuple[Settings, Outcome, Outcome]) -> None:
    """A column or a file named like a script is shown, not run."""
    document = dict(world[2].document)
    evil = "<script>alert(1)</script>"
    document["columns"] = [{**column, "column": f"v:{evil}", "reason": evil} for column in document["columns"]]
    document["rows"] = {**document["rows"], "files_skipped": [evil]}
    assert "<script" not in summary_page(document)


def test_the_page_never_imports_the_heavy_libraries() -> None:
    """Serving needs neither Evidently, pandas, numpy nor pyarrow."""
    code = (
        "import sys, monitoring.cli, monitoring.page.serve; "
        "print([m for m in ('evidently', 'pandas', 'numpy', 'pyarrow', 'scipy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
