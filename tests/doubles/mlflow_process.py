"""A real MLflow tracking server in an environment of its own: loopback, a free port, SQLite, a folder of the test's."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from bento_process import free_port

from strata.processes.environments import NotInstalled, install, make_environment, place

REQUIREMENTS: Final = Path(__file__).parents[1] / "servers" / "mlflow" / "requirements.txt"
PATIENCE_S: Final = 90.0


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """Its address. Installed first where it is not (some 90 packages); skips, and says why, where it cannot be."""
    environment = place("servers", "mlflow", REQUIREMENTS)
    try:
        install(environment, lambda made: make_environment(made, REQUIREMENTS))
    except NotInstalled as trouble:
        pytest.skip(f"NOT TESTED: recording runs on an MLflow server, which cannot be installed here: {trouble}")
    uri, log = f"http://127.0.0.1:{free_port()}", folder / "mlflow.log"
    command = [
        str(environment / "bin" / "mlflow"), "server", "--host", "127.0.0.1", "--port", uri.rpartition(":")[2],
        "--workers", "1", "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}",
        "--artifacts-destination", str(folder / "artifacts"),
    ]  # fmt: skip
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, stdout=said, stderr=said, cwd=folder, start_new_session=True,
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        )  # fmt: skip
    try:
        _wait_for(uri, process, log)
        yield uri
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _wait_for(uri: str, process: subprocess.Popen[bytes], log: Path) -> None:
    ends_s = time.monotonic() + PATIENCE_S
    while not _healthy(uri):
        if process.poll() is not None or time.monotonic() > ends_s:
            raise AssertionError(log.read_text(encoding="utf-8"))
        time.sleep(0.1)


def _healthy(uri: str) -> bool:
    try:
        with urllib.request.urlopen(f"{uri}/health", timeout=1) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False
