"""The log files of children: one generation kept, cut when they grow."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

MAX_LOG_BYTES = 16 * 1024 * 1024
"""A gateway logging every call at 1,000 a second writes this in about a minute; two of them are kept."""


def open_log(path: Path) -> IO[bytes]:
    """Start a new log for a child to append to; the one of the run before is kept beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.replace(_older(path))
    return path.open("ab")


def append_log(path: Path) -> IO[bytes]:
    """Go on with a log, for a child started again."""
    return path.open("ab")


def cut_log(path: Path, max_bytes: int = MAX_LOG_BYTES) -> bool:
    """Set a log that has grown past the limit aside and empty it. The child keeps its descriptor.

    What the child writes between the copy and the cut is lost: logs, not records.
    """
    try:
        if path.stat().st_size <= max_bytes:
            return False
        _older(path).write_bytes(path.read_bytes())
        os.truncate(path, 0)
    except OSError:
        # A full disk must not end the platform; the next attempt may do better.
        return False
    return True


def tail(path: Path, lines: int, max_bytes: int = 8192) -> str:
    """The last lines of a log, or nothing."""
    try:
        with path.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - max_bytes))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.strip().splitlines()[-lines:])


def _older(path: Path) -> Path:
    return path.with_name(path.name + ".1")
