"""A gateway's CPU over time, so that a part of a load can be told from the rest."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from types import TracebackType
from typing import Final, Self

from loadtests.bench.processes import cpu_s
from loadtests.bench.systems import System

EVERY_S: Final = 0.1


class CpuSamples:
    """Samples while it is entered; `between` afterwards."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cpu-samples", daemon=True)
        self._at_s: list[float] = []
        self._spent_s: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def between(self, start_s: float, end_s: float) -> float:
        """CPU seconds between two moments of the monotonic clock, to a sample on either side."""
        first, last = (min(bisect_left(self._at_s, at_s), len(self._at_s) - 1) for at_s in (start_s, end_s))
        return self._spent_s[last] - self._spent_s[first]

    def _run(self) -> None:
        while True:
            self._at_s.append(time.monotonic())
            self._spent_s.append(cpu_s(self._system.trees))
            if self._over.wait(EVERY_S):
                break
