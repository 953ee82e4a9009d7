"""Sharing partitions among consumers of an embedded log, in one process or several, by file locks.

A member holds the lock of one seat as long as it lives, and the lock of each partition that it reads. The taken
seats say how many members there are and which of them one is; so each knows its share. A partition goes from one
to another by its lock: given up after `revoked` has returned, or released by the system when its holder was killed.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from streaming.log.shares import share_of

CHECK_S: Final = 0.2
"""How soon a member notices that another has come or gone."""


class Group:
    """One member's view of the group."""

    def __init__(self, folder: Path, partitions: int) -> None:
        folder.mkdir(exist_ok=True)
        self._folder, self._partitions = folder, partitions
        self._seat: int | None = None
        self._seat_lock = -1
        self._held: dict[int, int] = {}
        self._share: set[int] = set()
        self._check_at = 0.0

    def share(self) -> set[int]:
        """The partitions that should be this member's; looked at anew every CHECK_S."""
        if time.monotonic() >= self._check_at:
            self._check_at = time.monotonic() + CHECK_S
            self._share = self._look()
        return self._share

    def take(self, partition: int) -> bool:
        """Hold a partition; False while another does."""
        lock = _try_lock(self._folder / f"partition-{partition}.lock", fcntl.LOCK_EX)
        if lock is None:
            return False
        self._held[partition] = lock
        return True

    def give(self, partition: int) -> None:
        """Let a partition go."""
        os.close(self._held.pop(partition))

    def leave(self) -> None:
        """Give up all that is held."""
        for partition in list(self._held):
            self.give(partition)
        if self._seat is not None:
            os.close(self._seat_lock)
            self._seat = None

    def _look(self) -> set[int]:
        if self._seat is None:
            self._sit_down()
        if self._seat is None:
            return set()
        taken = [seat for seat in range(self._partitions) if seat == self._seat or self._is_taken(seat)]
        return share_of(taken.index(self._seat), len(taken), self._partitions)

    def _sit_down(self) -> None:
        """Take the first free seat. There are as many as partitions: who finds none has nothing to read."""
        for seat in range(self._partitions):
            lock = _try_lock(self._path(seat), fcntl.LOCK_EX)
            if lock is not None:
                self._seat, self._seat_lock = seat, lock
                return

    def _is_taken(self, seat: int) -> bool:
        if not self._path(seat).exists():
            return False
        lock = _try_lock(self._path(seat), fcntl.LOCK_SH)
        if lock is None:
            return True
        os.close(lock)
        return False

    def _path(self, seat: int) -> Path:
        return self._folder / f"seat-{seat}.lock"


def _try_lock(path: Path, kind: int) -> int | None:
    """An open file with its lock, or None when another holds it."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
