"""A watcher of the Unix socket: connects, reads, and connects again for as long as it is asked for notices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from strata.changes.addresses import socket_address
from strata.changes.frames import LENGTH, MAX_FRAME, unpack
from strata.changes.ports import Changed

RETRY_S: Final = 0.2


class UnixSubscriber:
    """See `ports.ChangeSubscriber`."""

    def __init__(self, path: Path, retry_s: float = RETRY_S) -> None:
        self._path, self._retry_s = path, retry_s

    async def notices(self) -> AsyncIterator[Changed]:
        while True:
            try:
                with socket_address(self._path) as address:
                    reader, writer = await asyncio.open_unix_connection(address)
            except OSError:
                await asyncio.sleep(self._retry_s)
                continue
            try:
                while True:
                    size = int.from_bytes(await reader.readexactly(LENGTH), "little")
                    if size > MAX_FRAME:
                        break
                    yield unpack(await reader.readexactly(size))
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()
            await asyncio.sleep(self._retry_s)
