"""The release log: an append-only file of JSON lines, each a change, its reasons, and the whole release it led to.

The release in force is that of the last sound line. There is no second file that could disagree with it: a change is
made by one write and one fsync, a writer killed before its end leaves a line that nobody reads, and nothing is ever
removed. Writers take turns by a lock; readers need none.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from strata.append_only import append_line
from strata.clock import system_us
from strata.errors import AlreadyRunning, InputInvalid
from strata.release.document import from_line, to_line
from strata.release.model import Change, Entry, Release

TAIL_BYTES: Final = 256 * 1024
"""The last line is looked for here first: some hundred changes."""
LOCK_S: Final = 5.0
_log = logging.getLogger("strata.release")


class ReleaseMoved(InputInvalid):
    """The release is another one than the caller went by."""

    def __init__(self, expected: int, found: int) -> None:
        self.expected, self.found = expected, found
        super().__init__(f"the release is number {found} by now, not {expected}: look at it and decide again")


class ReleaseLog:
    """The log in one file. Any number of processes may hold one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._told: set[bytes] = set()

    def mark(self) -> tuple[int, int]:
        """What changes when the file does; asking costs a few microseconds."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return (0, 0)
        return (found.st_size, found.st_mtime_ns)

    def newest(self) -> Entry | None:
        """The last sound entry; None when there is none."""
        return next(self.entries(), None)

    def entries(self) -> Iterator[Entry]:
        """Every sound entry, the newest first."""
        try:
            end = self._path.stat().st_size
        except FileNotFoundError:
            return
        with self._path.open("rb") as file:
            rest, begin = b"", max(0, end - TAIL_BYTES)
            last = True
            while end > 0:
                file.seek(begin)
                lines = (file.read(end - begin) + rest).split(b"\n")
                if last:
                    lines.pop()  # no end of line, no entry: its writer is at it, or was killed
                rest, last = lines.pop(0) if begin > 0 and lines else b"", False
                yield from (entry for line in reversed(lines) if (entry := self._sound(line)) is not None)
                end, begin = begin, max(0, begin - TAIL_BYTES)

    def append(
        self, change: Change, step: Callable[[Release], Release], *, expected_serial: int | None = None
    ) -> Entry:
        """Log a change: `step` makes the new release from the one in force.

        Raises what `step` raises, ReleaseMoved when the release in force is not `expected_serial`, AlreadyRunning
        when another writer keeps the log, and OSError; the log is then as it was.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._turn(), self._path.open("a+b") as file:
            newest = self.newest()
            release = newest.release if newest else Release(0)
            if expected_serial is not None and expected_serial != release.serial:
                raise ReleaseMoved(expected_serial, release.serial)
            entry = Entry(system_us(), change, release.segmenters.get(change.segmenter), step(release))
            append_line(file.fileno(), to_line(entry))
        return entry

    @contextmanager
    def _turn(self) -> Iterator[None]:
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            ends_s = time.monotonic() + LOCK_S
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > ends_s:
                        raise AlreadyRunning(f"another process has kept {self._path} for {LOCK_S:.0f} s") from None
                    time.sleep(0.01)
            yield
        finally:
            os.close(lock)

    def _sound(self, line: bytes) -> Entry | None:
        if not line.strip():
            return None
        try:
            return from_line(line)
        except InputInvalid as fault:
            if line not in self._told:
                self._told.add(line)
                _log.warning("a line of %s is passed over: %s", self._path, fault)
            return None


def live_version(path: Path, segmenter: str, otherwise: str) -> str:
    """The version that answers by the release log; `otherwise` where the log names none."""
    newest = ReleaseLog(path).newest()
    held = newest.release.segmenters.get(segmenter) if newest else None
    return held.live if held else otherwise
