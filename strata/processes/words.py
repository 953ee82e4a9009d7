"""What a process that runs for days says on its way."""

from __future__ import annotations

import contextlib
import sys


def say(sentence: str) -> None:
    """A line on standard error, at once; lost where it cannot be written.

    Standard error is most often a log in the home. When that disk is full the work itself knows how to wait, and must
    not end because it cannot say so.
    """
    with contextlib.suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)
