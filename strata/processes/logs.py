"""The log files of children: one generation kept, cut when they grow."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
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

    What the child writes between the copy and the cut is lost: logs, not records. So is all of it where there is no
    room for a copy: the emptied log begins with that, and its room is free.
    """
    try:
        if path.stat().st_size <= max_bytes:
            return False
        lost = _set_aside(path)
        os.truncate(path, 0)
    except OSError:
        # Nothing about a log may end the platform; the next attempt may do better.
        return False
    if lost is not None:
        with suppress(OSError), append_log(path) as log:
            log.write(
                f"strata: this log was cut at {max_bytes} bytes and could not be kept: {lost.strerror}\n".encode()
            )
    return True


def _set_aside(path: Path) -> OSError | None:
    """Copy a log to the older generation, or say why there is neither now: half a copy would only take up the room."""
    try:
        shutil.copyfile(path, _older(path))
    except OSError as error:
        with suppress(OSError):
            _older(path).unlink()
        return error
    return None


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
