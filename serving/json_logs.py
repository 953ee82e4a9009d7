"""Logs as JSON, one line per event, on standard error; a message that repeats is held back and counted."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from typing import Any, Final

EVERY_S: Final = 1.0
"""A message is written at most this often."""


class JsonFormatter(logging.Formatter):
    """time, level, event, the record's `fields`, and for defects the trace."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "process": record.process,
            "event": record.getMessage(),
        }
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class Repeats(logging.Filter):
    """Lets a message through once in a while; the next one through says how many were held back."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        key = (record.name, str(record.msg))
        now_s = self._monotonic()
        last_s, held = self._seen.get(key, (float("-inf"), 0))
        if now_s - last_s < EVERY_S:
            self._seen[key] = (last_s, held + 1)
            return False
        self._seen[key] = (now_s, 0)
        if held:
            record.fields = {**getattr(record, "fields", {}), "held_back": held}
        return True


def log_as_json() -> None:
    """Send this process's logs to standard error, as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(Repeats())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
