"""`strata bento follow` as its operator meets it: a process, its log, the servers it keeps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import grpc
import psutil
from bento_process import free_port

from serving.follow.bento_place import FOLLOWER_VARIABLE
from strata.processes.orphans import end_processes, find_marked
from strata.release.addresses import read_address
from strata.v1.segmenter_pb2 import DescribePackageRequest
from strata.v1.segmenter_pb2_grpc import SegmenterServiceStub


class FollowerProcess:
    """One follower of one segmenter over a home."""

    def __init__(self, home: Path, segmenter: str, **variables: str) -> None:
        self.home, self.segmenter = home, segmenter
        self.grpc_port = free_port()
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("STRATA_", "BENTOML_"))}
        environ |= {
            "STRATA_HOME": str(home),
            "STRATA_BENTO__HTTP_PORT": str(free_port()),
            "STRATA_BENTO__GRPC_PORT": str(self.grpc_port),
            **variables,
        }
        self.log = home / f"follow-{self.grpc_port}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "strata.command", "bento", "follow", segmenter],
                env=environ, cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def address(self, version: str) -> str | None:
        """Where gateways are told that a version is served."""
        return read_address(self.home / "run" / "bentos", self.segmenter, version)

    def wait_address(self, version: str) -> str:
        """The same, once somebody is told."""
        until(lambda: self.address(version) is not None or self.process.poll() is not None)
        address = self.address(version)
        assert address is not None, self.said()
        return address

    def described(self, version: str) -> tuple[str, str]:
        """What the server at the version's address says it serves; asked until it answers."""
        with grpc.insecure_channel(self.wait_address(version)) as channel:
            stub = SegmenterServiceStub(channel)  # type: ignore[no-untyped-call]
            told = stub.DescribePackage(DescribePackageRequest(), timeout=60, wait_for_ready=True)
        return told.segmenter, told.version

    def server(self, version: str) -> int | None:
        """The process id of a version's server: the child of the follower; None while there is none."""
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):  # it may just be ending
                if f"{self.segmenter}:{version}" in child.cmdline():
                    return child.pid
        return None

    def living(self) -> list[int]:
        """Everything that a follower of this home has started, whoever its parent is by now."""
        return find_marked(FOLLOWER_VARIABLE, f"{self.home} {self.segmenter}")

    def said(self) -> str:
        """Its log."""
        return self.log.read_text(encoding="utf-8")

    def events(self, event: str) -> list[dict[str, Any]]:
        """The lines of its log that tell of this."""
        lines = [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing running, whatever a test has found."""
        self.end()
        end_processes(self.living())

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, if it still runs, and wait for the end; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)


def until(condition: Callable[[], bool]) -> None:
    """Poll until it holds; the test's timeout bounds it."""
    while not condition():
        time.sleep(0.02)
