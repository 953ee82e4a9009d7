"""A file of lines that only grows: one write and one sync each. A writer killed before its end leaves no line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_UNFINISHED: Final = b" (unfinished)\n"


def append_line(file: int, line: bytes) -> None:
    """Write a line, its end included, at the end of an open file. The caller sees to one writer at a time.

    What a killed writer left there is first made a line of its own that nobody can take for a sound one. Raises
    OSError when not all of it could be written.
    """
    size = os.fstat(file).st_size
    if size and os.pread(file, 1, size - 1) != b"\n":
        line = _UNFINISHED + line
    written = os.write(file, line)
    if written != len(line):
        raise OSError(f"only {written} of {len(line)} bytes could be written")
    os.fsync(file)


def read_lines(path: Path) -> list[bytes]:
    """Every whole line, the oldest first; none where there is no file."""
    try:
        return path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
