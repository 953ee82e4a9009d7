"""Asks the clients of a gRPC server to go elsewhere, before it stops.

gRPC's core cannot: the moment its server begins to stop, calls that wait in its queues, and those that come until the
client has read GOAWAY, end with CANCELLED (docs/decisions/0018-farewell.md). HTTP/2 has the cure (RFC 9113, 6.8): a
GOAWAY that forbids no stream yet, and the end of service when clients have left. So this closes the listening sockets
and writes that frame itself, 17 bytes in one `send`, to each connection that has nothing unsent, between two frames of
gRPC's. Clients finish their calls, and connect anew for the next.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

GOAWAY: Final = struct.pack(">IBI", 8 << 8 | 7, 0, 0) + struct.pack(">II", 2**31 - 1, 0)
"""A frame of 8 bytes, type 7, no flags, stream 0: the last stream that is served is the last there can be, no error."""
AGAIN_S: Final = 0.02
"""Between two askings: a client that was just connecting does not hear the first."""
_SIOCOUTQNSD: Final = 0x894B
"""Linux's question for the bytes of a socket that are not sent (linux/sockios.h)."""
_DESCRIPTORS: Final = Path("/proc/self/fd")


async def say_farewell(port: int, within_s: float) -> None:
    """Listen no more on a TCP port of this process, ask every connection to leave, and wait until they have.

    Serve on while it runs. Returns after `within_s` at the latest: some clients do not understand, or have long calls.
    """
    until_s = time.monotonic() + within_s
    _listen_no_more(port)
    while time.monotonic() < until_s:
        with _sockets(port) as found:
            if not found:
                return
            for each in found:
                _tell(each)
        await asyncio.sleep(AGAIN_S)


def _listen_no_more(port: int) -> None:
    """Put a socket nobody can find in the place of each that listens.

    gRPC has no call for it; where `accept` fails (on a socket shut down, or of another kind) its core logs an error.
    """
    with _sockets(port) as found:
        listening = {os.fstat(each.fileno()).st_ino for each in found if _listens(each)}
    with socket.socket(socket.AF_UNIX) as idle:
        idle.setblocking(False)
        idle.bind("")  # Linux gives it an abstract name
        idle.listen(1)
        for descriptor in _descriptors():
            with suppress(OSError):
                if os.fstat(descriptor).st_ino in listening:
                    os.dup2(idle.fileno(), descriptor, inheritable=False)


def _listens(found: socket.socket) -> bool:
    return bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _tell(connection: socket.socket) -> None:
    """Tell a client, unless bytes are unsent: half a frame of gRPC's may be among them, with the rest to come."""
    with suppress(OSError):  # it has just gone
        [unsent] = struct.unpack("i", fcntl.ioctl(connection.fileno(), _SIOCOUTQNSD, b"\0\0\0\0"))
        if not unsent:
            connection.send(GOAWAY, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)


@contextmanager
def _sockets(port: int) -> Iterator[list[socket.socket]]:
    """This process's TCP sockets bound to a port: what listens, and what was accepted. None where /proc has no say."""
    found: list[socket.socket] = []
    try:
        for descriptor in _descriptors():
            with suppress(OSError):  # no socket, or closed meanwhile
                each = socket.socket(fileno=os.dup(descriptor))
                if _bound_to(each, port):
                    found.append(each)
                else:
                    each.close()
        yield found
    finally:
        for each in found:
            each.close()


def _descriptors() -> list[int]:
    return [int(each.name) for each in _DESCRIPTORS.iterdir()] if _DESCRIPTORS.is_dir() else []


def _bound_to(found: socket.socket, port: int) -> bool:
    with suppress(OSError):
        return found.family in (socket.AF_INET, socket.AF_INET6) and found.getsockname()[1] == port
    return False
