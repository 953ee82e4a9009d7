"""Removes the keys of generations nobody reads any more, a thousand at a time, beside everything else."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Final

from strata.errors import StoreUnavailable
from strata.state.redis_address import RedisAddress
from strata.state.redis_connection import RedisConnection
from strata.state.redis_keys import GARBAGE, row_pattern, table_key

SCAN_COUNT: Final = 1_000
"""Keys a step looks at: well under a millisecond of the server's time."""


class RedisSweeper:
    """One thread at most, with a connection of its own. What it does not get done, the next writer's does."""

    def __init__(self, address: RedisAddress) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._wanted, self._stopping = False, threading.Event()

    def start(self) -> None:
        """Sweep what there is now; at once."""
        with self._lock:
            self._wanted = True
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._run, name="state-sweeper", daemon=True)
                self._thread.start()

    def close(self, patience_s: float) -> None:
        """Let it end what it is at, for a while, then stop it."""
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(patience_s)
        self._stopping.set()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        connection = RedisConnection(self._address)
        try:
            while self._is_wanted():
                # A store that cannot be reached keeps its garbage, and the list of it, for the next writer.
                with suppress(StoreUnavailable):
                    self._sweep(connection)
        finally:
            connection.close()

    def _is_wanted(self) -> bool:
        with self._lock:
            wanted, self._wanted = self._wanted and not self._stopping.is_set(), False
            if not wanted:
                self._thread = None
            return wanted

    def _sweep(self, connection: RedisConnection) -> None:
        for member in connection.ask(("SMEMBERS", GARBAGE), again=True)[0]:
            generation, _, table = member.decode().partition(":")
            if not self._remove(connection, row_pattern(table, generation)):
                return
            connection.ask(("UNLINK", table_key(table, generation)), ("SREM", GARBAGE, member), again=True)

    def _remove(self, connection: RedisConnection, pattern: str) -> bool:
        """False when it was stopped before the end."""
        cursor = b"0"
        while not self._stopping.is_set():
            cursor, keys = connection.ask(("SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT), again=True)[0]
            if keys:
                connection.ask(("UNLINK", *keys), again=True)
            if cursor == b"0":
                return True
        return False
