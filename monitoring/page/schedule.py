"""Reports at intervals, each in a process of its own so that Evidently's memory goes back when it is done."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Final

GRACE_S: Final = 10
SETTLE_S: Final = 60
"""A platform that has just started has better uses for its cores than a report."""
NO_TROUBLE: Final = (0, 3)


def report_command(last: str) -> list[str]:
    """The command line of one scheduled run: at low priority, since answers share the machine with it."""
    return ["nice", "-n", "10", sys.executable, "-m", "strata.command", "monitor", "report", "--all", "--last", last]


class Schedule:
    """Runs `command` after `settle_s` and then every `every_s` seconds until stopped. One run at a time: a run that
    takes longer than the interval delays the next."""

    def __init__(
        self, command: Sequence[str], every_s: float, say: Callable[[str], None], settle_s: float = SETTLE_S
    ) -> None:
        self._command, self._every_s, self._say, self._settle_s = list(command), every_s, say, settle_s
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name="report-schedule", daemon=True)

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End the schedule and a report under way; what that report had not finished leaves nothing behind."""
        with self._lock:
            self._stopped.set()
            if self._child is not None:
                self._child.terminate()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        self._stopped.wait(self._settle_s)
        while not self._stopped.is_set():
            self._run_once()
            self._stopped.wait(self._every_s)

    def _run_once(self) -> None:
        with self._lock:
            if self._stopped.is_set():
                return
            self._child = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        code = self._wait(self._child)
        with self._lock:
            self._child = None
        if code not in NO_TROUBLE and not self._stopped.is_set():
            self._say(f"a scheduled report ended with exit code {code}; the next is in {self._every_s:g} s")

    def _wait(self, child: subprocess.Popen[bytes]) -> int:
        while True:
            try:
                return child.wait(timeout=GRACE_S)
            except subprocess.TimeoutExpired:
                if self._stopped.is_set():
                    child.kill()
