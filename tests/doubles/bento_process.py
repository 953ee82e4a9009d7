"""A real `strata bento serve` in a child process, and how to wait for it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

_START = "import sys; from strata.command import main; sys.exit(main(sys.argv[1:]))"


def free_port() -> int:
    """A port nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class BentoProcess:
    """A running server."""

    process: subprocess.Popen[bytes]
    http_port: int
    grpc_port: int
    log: Path

    def worker_pid(self) -> int | None:
        """The worker's process id, or None while there is none."""
        try:
            children = psutil.Process(self.process.pid).children()
        except psutil.NoSuchProcess:
            return None
        return next((c.pid for c in children if "worker" in " ".join(c.cmdline())), None)

    def wait_ready(self, seconds: float = 60) -> None:
        """Until /readyz answers 200."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/readyz", timeout=1) as reply:
                    if reply.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.2)
        raise AssertionError(f"the Bento server is not ready: {self.log.read_text(encoding='utf-8')[-2_000:]}")


def bento_command(home: Path, *arguments: str, **variables: str) -> subprocess.Popen[bytes]:
    """`strata bento ...` on a home; output and errors go to bento.log below it."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("STRATA_", "BENTOML_"))}
    environ |= {"STRATA_HOME": str(home), **variables}
    with (home / "bento.log").open("wb") as log:
        command = [sys.executable, "-c", _START, "bento", *arguments]
        return subprocess.Popen(command, env=environ, cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


@contextmanager
def serving_bento(home: Path, name: str, **more: str) -> Iterator[BentoProcess]:
    """A ready server of one segmenter; ended, with its worker, on leaving."""
    http_port, grpc_port = free_port(), free_port()
    variables = {"STRATA_BENTO__HTTP_PORT": str(http_port), "STRATA_BENTO__GRPC_PORT": str(grpc_port)}
    process = bento_command(home, "serve", name, **variables, **more)
    server = BentoProcess(process, http_port, grpc_port, home / "bento.log")
    try:
        server.wait_ready()
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
