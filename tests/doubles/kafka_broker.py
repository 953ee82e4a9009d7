"""A real Kafka for tests, by the project's own script: one for the whole run, and more for tests that kill theirs."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "kafka.py"


class KafkaBroker:
    """A broker in a folder of its own, on a free port that it keeps."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def brokers(self) -> str:
        """Where it listens."""
        lines = (self.folder / "server.properties").read_text().splitlines()
        return next(line.rpartition("//")[2] for line in lines if line.startswith("advertised.listeners="))

    def start(self) -> None:
        """Start it, new or as it was left; returns when it serves."""
        port = [] if (self.folder / "server.properties").exists() else ["--port", "0"]
        self._run("start", *port)

    def stop(self) -> None:
        """Stop it cleanly."""
        self._run("stop")

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        pid = int((self.folder / "pid").read_text())
        os.kill(pid, signal.SIGKILL)
        while _state(pid).strip("Z\n"):
            time.sleep(0.01)

    def _run(self, *action: str) -> None:
        command = [sys.executable, str(SCRIPT), *action, "--folder", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def _state(pid: int) -> str:
    """What the system says of a process; nothing when it is gone."""
    asking = ["ps", "-o", "stat=", "-p", str(pid)]
    return subprocess.run(asking, capture_output=True, text=True, check=False).stdout


def why_not() -> str | None:
    """The reason why no broker can be started here, or None."""
    missing = [tool for tool in ("java", "mvn") if shutil.which(tool) is None]
    return f"a Kafka broker needs {' and '.join(missing)}, not found here" if missing else None


@cache
def shared_broker() -> KafkaBroker:
    """One for all tests of this run, stopped when the run ends. Never kill it."""
    folder = Path(tempfile.mkdtemp(prefix="strata-kafka-"))
    broker = KafkaBroker(folder)
    broker.start()

    def end() -> None:
        broker.stop()
        shutil.rmtree(folder)

    atexit.register(end)
    return broker
