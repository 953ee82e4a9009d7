"""Loads as child processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtests.live.places import ROOT
from strata.errors import StrataError


class LoadProcess:
    """`loadtests.live.load`, its events made; `go` begins, `result` waits for its end."""

    def __init__(self, address: str, *, events: int, batch: int, rate: float | None, users: int, seed: int) -> None:
        words = ["--to", address, "--events", events, "--batch", batch, "--users", users, "--seed", seed]
        words += ["--rate", rate] if rate is not None else []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "loadtests.live.load", *map(str, words)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip

    def await_made(self) -> None:
        """Wait until its events are made. Raises StrataError when it ends instead."""
        assert self.process.stdout is not None
        if not self.process.stdout.readline():
            raise StrataError(f"the load ended: {self._said()}")

    def go(self) -> None:
        """Begin to send."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def result(self) -> dict[str, Any]:
        """What it measured. Raises StrataError when its stream broke."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise StrataError(f"the load broke: {self._said()}")
        found: dict[str, Any] = json.loads(line)
        return found

    def end(self) -> None:
        """End it, if it has not ended."""
        self.process.kill()
        self.process.communicate()

    def _said(self) -> str:
        return self.process.communicate()[1].strip()[-600:]


@contextmanager
def load(address: str, *, events: int, batch: int, rate: float | None, users: int, seed: int) -> Iterator[LoadProcess]:
    """A load with its events made, ended with the context."""
    process = LoadProcess(address, events=events, batch=batch, rate=rate, users=users, seed=seed)
    try:
        process.await_made()
        yield process
    finally:
        process.end()
