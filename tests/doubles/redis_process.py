"""A Redis server of a test's own: loopback, a free port, an append-only file in a folder that goes with the test."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from strata.errors import StoreUnavailable
from strata.state.redis_address import parse_address
from strata.state.redis_connection import RedisConnection

INSTALL = "scripts/install_tools.sh redis-server"


def require_redis() -> None:
    """Skip, and say why, where there is none."""
    if shutil.which("redis-server") is None:
        pytest.skip(f"NOT TESTED on Redis: there is no redis-server on this machine; run {INSTALL}")


class RedisProcess:
    """Starts, kills, pauses and restarts it. What was fsynced is there again after a restart."""

    def __init__(self, folder: Path, *options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._options, self.port = folder, options, _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        place = ("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder))
        keeping = ("--save", "", "--appendonly", "yes", "--appendfsync", "everysec", "--loglevel", "warning")
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(["redis-server", *place, *keeping, *self._options], stdout=log, stderr=log)
        self._wait_until_it_answers()
        return self

    def kill(self) -> None:
        """As a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.kill()
        self.start()

    def restart_empty(self) -> None:
        """As one whose disk was lost."""
        self.kill()
        shutil.rmtree(self.folder / "appendonlydir")
        self.start()

    def pause(self) -> None:
        """It keeps its connections and answers nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def ask(self, *command: str | bytes | int) -> object:
        """One command, over a connection of its own."""
        connection = RedisConnection(parse_address(self.url))
        try:
            return connection.ask(command)[0]
        finally:
            connection.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _wait_until_it_answers(self) -> None:
        ends_s = time.monotonic() + 20.0
        while True:
            try:
                self.ask("PING")
                return
            except StoreUnavailable:
                assert self._process is not None
                if self._process.poll() is not None or time.monotonic() > ends_s:
                    raise AssertionError((self.folder / "redis.log").read_text()) from None
                time.sleep(0.01)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
