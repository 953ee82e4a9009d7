"""The stock way as a system under test: Feast's push in a process of its own, a Redis beside it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from loadtests.bench.processes import await_ready, cpu_s, free_port, running
from loadtests.live.places import ROOT
from strata.errors import StrataError
from strata.registry import Catalog


@dataclass(frozen=True)
class Pushed:
    """One burst."""

    rows: int
    seconds: float
    client_cpu_s: float
    """Of the process that pushes."""
    store_cpu_s: float
    """Of Redis."""


class Pusher:
    """`loadtests.peers.pushed.push`, its frames made."""

    def __init__(self, process: subprocess.Popen[str], redis: psutil.Process) -> None:
        self._process, self._redis = process, redis

    def burst(self) -> Pushed:
        """Push every frame once. Raises StrataError when the process ended."""
        assert self._process.stdin is not None
        before_s = cpu_s([self._redis])
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        found = json.loads(self._line())
        return Pushed(found["rows"], found["seconds"], found["cpu_s"], cpu_s([self._redis]) - before_s)

    def await_made(self) -> None:
        """Wait until the frames are made. Raises StrataError when the process ended."""
        while self._line().strip() != "made":
            continue

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise StrataError(f"the pushing process ended: {self._process.communicate()[1][-600:]}")
        return line


@contextmanager
def pusher(catalog: Catalog, folder: Path, *, rows: int, batch: int, users: int) -> Iterator[Pusher]:
    """Redis and the pushing process for as long as the context: the windowed views of the catalog, all columns."""
    port, log = free_port(), folder / "pushed-redis.log"
    columns = {name: list(view.spec.names) for name, view in catalog.views.items() if view.kind == "windowed"}
    environ = {
        "PUSHED_VIEWS": json.dumps(columns),
        "PUSHED_REGISTRY": str(folder / "pushed.db"),
        "PUSHED_REDIS": f"127.0.0.1:{port}",
    }
    words = ["--rows", str(rows), "--batch", str(batch), "--users", str(users)]
    stock = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with running(stock, log, {}, folder) as redis:
        await_ready("the peer's Redis", lambda: _answers(port), [redis], log)
        process = _start(words, environ)
        try:
            made = Pusher(process, redis)
            made.await_made()
            yield made
        finally:
            process.kill()
            process.communicate()


def lacks_redis() -> bool:
    """Whether the peer cannot run here."""
    return shutil.which("redis-server") is None


def _start(words: list[str], environ: dict[str, str]) -> subprocess.Popen[str]:
    import os

    return subprocess.Popen(
        [sys.executable, "-m", "loadtests.peers.pushed.push", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, **environ},
    )  # fmt: skip


def _answers(port: int) -> bool:
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis("127.0.0.1", port, socket_timeout=1.0) as client:
            return bool(client.ping())
    except RedisError:
        return False


def describe(catalog: Catalog) -> dict[str, Any]:
    """What a pushed row holds."""
    windowed = [view for view in catalog.views.values() if view.kind == "windowed"]
    return {"views": len(windowed), "columns": sum(len(view.spec.names) for view in windowed)}
