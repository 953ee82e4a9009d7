"""A blocking connection to Redis: commands out in one write, replies in by hiredis."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from typing import Any, Final

import hiredis

from strata.errors import StoreUnavailable
from strata.state.redis_address import RedisAddress
from strata.state.redis_errors import refused, silent, unreachable

Command = Sequence[str | bytes | int]
_RECEIVE_BYTES: Final = 1 << 18


def pack(command: Command) -> bytes:
    """A command as it is sent."""
    packed: bytes = hiredis.pack_command(tuple(command))  # type: ignore[arg-type]  # its stub means tuple[..., ...]
    return packed


class RedisConnection:
    """Opened by the first question, and again by the first after a break. Whoever asks holds `lock`."""

    def __init__(self, address: RedisAddress) -> None:
        self.address, self.lock = address, threading.RLock()
        self._socket: socket.socket | None = None
        self._reader = hiredis.Reader()

    def ask(self, *commands: Command, again: bool = False) -> list[Any]:
        """The commands' replies, in one round trip. Raises StoreUnavailable.

        `again`: the commands may be sent twice. Then a connection that broke since it was last used is no trouble.
        Without it a break leaves open whether the commands were carried out.
        """
        with self.lock:
            used = self._socket is not None
            try:
                return self._exchange(commands)
            except ConnectionError as error:
                if not (again and used):
                    raise unreachable(self.address, error) from error
            try:
                return self._exchange(commands)
            except ConnectionError as error:
                raise unreachable(self.address, error) from error

    def close(self) -> None:
        """End the connection, if there is one."""
        with self.lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        try:
            if self._socket is None:
                self._connect()
            replies = self._send(commands)
        except BaseException as error:
            # Replies that were not read belong to nobody: a connection with some left answers the wrong question.
            self.close()
            if isinstance(error, TimeoutError):
                raise silent(self.address) from error
            if isinstance(error, OSError) and not isinstance(error, ConnectionError):
                raise unreachable(self.address, error) from error
            raise
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError):
                raise refused(self.address, reply) from reply
        return replies

    def _connect(self) -> None:
        address = self.address
        self._socket = socket.create_connection((address.host, address.port), address.timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = hiredis.Reader()
        greeting = address.greeting()
        for reply in self._send(greeting):
            if isinstance(reply, hiredis.ReplyError):
                raise refused(address, reply) from reply

    def _send(self, commands: Sequence[Command]) -> list[Any]:
        assert self._socket is not None
        self._socket.sendall(b"".join([pack(command) for command in commands]))
        return [self._receive() for _ in commands]

    def _receive(self) -> Any:
        assert self._socket is not None
        while True:
            try:
                reply = self._reader.gets()
            except hiredis.ProtocolError as error:
                raise StoreUnavailable(f"{self.address} does not speak Redis's protocol: {error}") from error
            if reply is not False:
                return reply
            received = self._socket.recv(_RECEIVE_BYTES)
            if not received:
                raise ConnectionResetError("it closed the connection")
            self._reader.feed(received)
