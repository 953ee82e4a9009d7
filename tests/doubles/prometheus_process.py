"""A real Prometheus of a test's own: loopback, a free port, its data in a folder that goes with the test."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
import yaml

INSTALL = "scripts/install_tools.sh prometheus promtool"


def require_prometheus() -> None:
    """Skip, and say why, where there is none."""
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        pytest.skip(f"NOT TESTED: the alert rules, for there is no prometheus on this machine; run {INSTALL}")


def hurried(config: Path, targets: dict[str, str], folder: Path) -> Path:
    """The configuration as it is, but looking every second at other addresses (job -> HOST:PORT)."""
    document = yaml.safe_load(config.read_text(encoding="utf-8"))
    document["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    document["rule_files"] = [str(config.parent / name) for name in document["rule_files"]]
    for job in document["scrape_configs"]:
        job.pop("scrape_interval", None)
        job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


class PrometheusProcess:
    """Started as a context; asked with `query`."""

    def __init__(self, config: Path, folder: Path) -> None:
        self._config, self._folder = config, folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._log = (self._folder / "prometheus.log").open("wb")
        self._process = subprocess.Popen(
            ["prometheus", f"--config.file={self._config}", f"--storage.tsdb.path={self._folder / 'tsdb'}",
             f"--web.listen-address={self.address}", "--log.level=warn"],
            stdout=self._log, stderr=self._log,
        )  # fmt: skip
        ends_s = time.monotonic() + 30.0
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > ends_s:
                raise AssertionError((self._folder / "prometheus.log").read_text(encoding="utf-8"))
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._log.close()

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What the expression is worth now. Fails with Prometheus' words when it cannot be evaluated."""
        wanted = urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(f"http://{self.address}/api/v1/query?{wanted}", timeout=10) as reply:
                found: list[dict[str, Any]] = json.load(reply)["data"]["result"]
        except urllib.error.HTTPError as refused:
            with refused:
                raise AssertionError(f"{expression}: {json.load(refused)['error']}") from None
        return found

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=1) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False
