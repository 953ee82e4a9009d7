"""Progress in sentences, for loads that a log follows better than a bar."""

from __future__ import annotations

import sys
import time


def say(sentence: str) -> None:
    """On standard error, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {sentence}", file=sys.stderr, flush=True)
