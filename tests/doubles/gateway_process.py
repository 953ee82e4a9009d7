"""`strata serve` as its operator meets it: a process, its ready line, its sentences, its workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

import grpc
import psutil
import yaml

from strata.settings import Settings
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub


class GatewayProcess:
    """One gateway over a toy home."""

    def __init__(self, settings: Settings, **gateway: object) -> None:
        document = settings.model_dump(mode="json")
        document["gateway"] |= gateway
        self._file = Path(settings.home) / "strata.yaml"
        self._file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        # A file and not a pipe: a full pipe nobody reads would stop the gateway.
        self._errors: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed by `end`
        environ = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "strata.command", "--settings", str(self._file), "serve"],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._said = ""
        self.addresses: dict[str, str] = {}

    def wait_until_ready(self) -> None:
        """Read the ready line; fails with what was said when it ends instead."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the gateway ended instead of serving: {self.end()}"
        self.addresses = dict(part.split("=", 1) for part in line.split()[1:])

    def workers(self) -> list[psutil.Process]:
        """The worker processes, oldest first."""
        children = psutil.Process(self.process.pid).children()
        return sorted(children, key=lambda each: each.create_time())

    def fresh_stub(self) -> tuple[Any, Any]:
        """A stub on a connection of its own, and the channel to close."""
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_reconnect_backoff_ms", 200)]
        channel = grpc.insecure_channel(self.addresses["grpc"], options=options)
        return SegmentationServiceStub(channel), channel  # type: ignore[no-untyped-call]

    def ask_to_end(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def end(self) -> tuple[int, str]:
        """End it if it runs, once; the exit code and what it said on standard error."""
        if self.process.poll() is None:
            self.ask_to_end()
        code = self.process.wait(60)
        if not self._errors.closed:
            assert self.process.stdout is not None
            self.process.stdout.close()
            self._said = self.said()
            self._errors.close()
        return code, self._said

    def said(self) -> str:
        """Standard error so far."""
        self._errors.seek(0)
        return self._errors.read()


def until(condition: Any) -> None:
    """Poll until it holds; the test's timeout bounds it."""
    while not condition():
        time.sleep(0.02)
