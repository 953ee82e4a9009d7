"""Notices over a Unix socket, to any number of watchers, from one thread that never waits.

What a watcher does not take at once is kept for it up to a bound; past that it is told of a gap when it reads again.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from strata.changes.addresses import socket_address
from strata.changes.frames import pack
from strata.errors import StrataError

KEPT_BYTES: Final = 1 << 20
"""What waits for one watcher at most: some ten thousand users."""
GAP: Final = pack("", [])


class _Watcher:
    """A connection and what waits for it."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.waiting = bytearray()
        self.missed = False

    def offer(self, frame: bytes) -> bool:
        """Send or keep a frame. False when the watcher has gone."""
        if frame:
            if len(self.waiting) + len(frame) > KEPT_BYTES:
                self.missed = True
            elif not self.missed:
                self.waiting += frame
        try:
            self._send()
            if self.missed and not self.waiting:
                self.missed = False
                self.waiting += GAP
                self._send()
        except BlockingIOError:
            return True
        except OSError:
            self.connection.close()
            return False
        return True

    def _send(self) -> None:
        while self.waiting:
            sent = self.connection.send(self.waiting)
            del self.waiting[:sent]


class UnixPublisher:
    """The writer's end. A socket file left by a killed process is replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._watchers: list[_Watcher] = []
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._listener.setblocking(False)
            with socket_address(path) as address:
                self._listener.bind(address)
            self._listener.listen(64)
        except OSError as error:
            raise StrataError(f"change notices cannot be served at {path}: {error.strerror or error}") from None

    def publish(self, table: str, users: Sequence[str]) -> None:
        self._accept()
        if self._watchers:
            frame = pack(table, users) if users else b""
            self._watchers = [watcher for watcher in self._watchers if watcher.offer(frame)]

    def close(self) -> None:
        for watcher in self._watchers:
            watcher.connection.close()
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            watcher = _Watcher(connection)
            if watcher.offer(GAP):
                self._watchers.append(watcher)
