"""All three pages of a toy platform, each with something on it: gateway, stream process, report page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from drift_world import AGE_BANDS, log_table, synthetic_population, write_drift_package, write_log
from gateway_process import GatewayProcess
from strata_process import StrataProcess
from toy_home import make_home

from feature_repo.parity.live import LiveParity
from feature_repo.parity.live_run import write_metrics
from monitoring.report.run import Request, run_report
from monitoring.report.window import Window
from strata.client import CallFailed, Event, connect
from strata.settings import Settings

JOBS = ("strata-gateway", "strata-stream", "strata-monitor")


@contextmanager
def watched_toys(folder: Path) -> Iterator[tuple[dict[str, str], GatewayProcess]]:
    """Where each job's page is (HOST:PORT), and the gateway."""
    settings = _settings(folder)
    _report_drift(settings)
    settings.run.mkdir(parents=True, exist_ok=True)
    write_metrics(settings.parity_metrics, LiveParity(0, 4, 4, 45, 180, 0, {}, {}, 0.1), 0, 0)
    gateway = GatewayProcess(settings, workers=2)
    file = settings.home / "strata.yaml"
    try:
        gateway.wait_until_ready()
        with StrataProcess(file, "stream", "run") as stream, StrataProcess(file, "monitor", "serve") as monitor:
            pages = (gateway.addresses["metrics"], stream.addresses["metrics"], monitor.addresses["reports"])
            _publish(stream.addresses["events"])
            call(gateway.addresses["grpc"])
            yield dict(zip(JOBS, pages, strict=True)), gateway
    finally:
        gateway.end()


def call(address: str, rounds: int = 40) -> None:
    """Known users, one without values, one nobody knows, a batch, and a mistake."""
    with connect(address, caller="toys", call_s=5.0, batch_s=5.0) as client:
        for _ in range(rounds):
            for user in ("ann", "cat", "nobody"):
                client.get_segments(user)
            client.batch_get_segments(["ann", "bob"])
            with suppress(CallFailed):
                client.get_segments("")


def _settings(folder: Path) -> Settings:
    settings = make_home(folder / "home")
    stream = settings.stream.model_copy(update={"port": 0, "metrics_port": 0})
    return settings.model_copy(update={"stream": stream, "monitor": settings.monitor.model_copy(update={"port": 0})})


def _publish(address: str) -> None:
    with connect(address) as client:
        client.publish([Event("ann", "profile_update", facts={"orders": "5"})])


def _report_drift(settings: Settings) -> None:
    """A report of the drift world's segmenter, which the gateway does not serve."""
    manifest = write_drift_package(settings.packages, synthetic_population(800, 1), categories=AGE_BANDS)
    columns = synthetic_population(600, 2)
    columns["rfm:recency_days"][::5] = np.nan
    write_log(settings.predictions, log_table(manifest, columns))
    request = Request("value_tiers", Window(), settings.reports, evidently=False)
    run_report(settings, request, datetime(2026, 1, 1, tzinfo=UTC))
