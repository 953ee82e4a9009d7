"""Numbers whose names a worker learns as it goes, in a file it shares with the supervisor.

`shared_numbers` is for what is known before the start. Here a worker writes a name when it first meets it, then that
there is one more: who reads never sees half a name, and the replacement of a killed worker goes on in the same file.
"""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

NAME_BYTES: Final = 256
_NUMBER: Final = 8


class NamedNumbers:
    """At most `capacity` numbers, each under a tuple of words. One writer; any number of readers."""

    def __init__(self, path: Path, capacity: int) -> None:
        """Open the file, or make it: one number more than the capacity is how many there are, then come the names.

        Where there is no room for the file they are counted in memory all the same, and nobody else sees them.
        """
        self._capacity = capacity
        names_at = _NUMBER * (capacity + 1)
        size = names_at + NAME_BYTES * capacity
        self.shared = True
        """Whether the others see them."""
        try:
            shared = _mapped(path, size)
        except OSError:
            shared, self.shared = mmap.mmap(-1, size), False
        self._names = memoryview(shared)[names_at:]
        self.numbers: memoryview[float] = memoryview(shared)[:names_at].cast("d")
        self._known: dict[tuple[str, ...], int] = {}

    def position(self, *words: str) -> int | None:
        """Where that number is, for `numbers[position] += 1.0`; None when there is no room for it."""
        self._learn()
        if words in self._known:
            return self._known[words]
        name = json.dumps(words).encode()
        if len(self._known) == self._capacity or len(name) >= NAME_BYTES:
            return None
        place = len(self._known)
        start = place * NAME_BYTES
        self._names[start : start + NAME_BYTES] = name.ljust(NAME_BYTES, b"\0")
        self.numbers[self._capacity] = place + 1
        self._known[words] = place
        return place

    def items(self) -> Iterator[tuple[tuple[str, ...], float]]:
        """Every name there is, oldest first, and its number."""
        self._learn()
        for words, position in self._known.items():
            yield words, self.numbers[position]

    def _learn(self) -> None:
        for place in range(len(self._known), int(self.numbers[self._capacity])):
            start = place * NAME_BYTES
            name = bytes(self._names[start : start + NAME_BYTES]).rstrip(b"\0")
            self._known[tuple(json.loads(name))] = place


def _mapped(path: Path, size: int) -> mmap.mmap:
    """A file of that size, each block of it there: a store into one that a full disk cannot give is SIGBUS."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.posix_fallocate(handle, 0, size)
        return mmap.mmap(handle, size)
    finally:
        os.close(handle)
