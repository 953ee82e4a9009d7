"""Waking consumers when the embedded log grows: at once in the writer's process, by looking often in another."""

from __future__ import annotations

import threading
import time
from typing import Final

from streaming.log.embedded.marks import Marks

LOOK_S: Final = 0.005
"""How often a reader in another process looks: 200 looks a second cost 0.2 % of a core (2026-11)."""


class EmbeddedCommits:
    """Shared by the writer and the consumers of one process."""

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._grown = threading.Condition()
        self.writes_here = False

    def announce(self) -> None:
        """The writer's: the durable end has moved."""
        with self._grown:
            self._grown.notify_all()

    def wait(self, end: int, timeout_s: float) -> None:
        """Return when the durable end is not `end` any more, or the time is up."""
        if self.writes_here:
            with self._grown:
                self._grown.wait_for(lambda: self._marks.end != end, timeout_s)
            return
        until = time.monotonic() + timeout_s
        while self._marks.end == end and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, LOOK_S))
