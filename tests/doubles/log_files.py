"""An embedded log for a test: opened with a test's settings, filled, read, and damaged."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from strata.settings import LogSettings
from streaming.log.embedded.log import EmbeddedLog
from streaming.log.ports import Record

PARTITIONS = 2


@contextmanager
def opened(folder: Path, **settings: Any) -> Iterator[EmbeddedLog]:
    """The log in a folder, closed at the end."""
    log = EmbeddedLog(folder, LogSettings(**({"partitions": PARTITIONS} | settings)))
    try:
        yield log
    finally:
        log.close()


def fill(log: EmbeddedLog, commits: int, records: int = 3, start: int = 0) -> None:
    """So many commits, one after the other: partition 0 and 1 in turn, the data its number."""

    async def append_all() -> None:
        for commit in range(commits):
            first = start + commit * records
            await log.writer().append([(n % PARTITIONS, b"%06d" % n) for n in range(first, first + records)])

    asyncio.run(append_all())


def read_all(log: EmbeddedLog, **begin: int) -> list[Record]:
    """Every record up to the durable end, from the offsets given as p0, p1."""
    consumer = log.consumer(lambda _: {int(name[1:]): offset for name, offset in begin.items()}, lambda _: None)
    try:
        found: list[Record] = []
        while answer := consumer.poll(1_000, 0):
            found += answer
        return found
    finally:
        consumer.close()


def numbers(records: list[Record]) -> list[int]:
    """The numbers that `fill` wrote, in their order."""
    return sorted(int(record.data) for record in records)


def segments(folder: Path) -> list[Path]:
    """The files of the log, oldest first."""
    return sorted(folder.glob("[0-9]*.log"))


def flip(path: Path, at: int) -> None:
    """Change one byte of a file."""
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)
