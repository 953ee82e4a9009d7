"""A gateway's CPU and its worker's memory over time, so that a part of a load can be told from the rest."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from statistics import median
from types import TracebackType
from typing import Final, Self

import psutil

from loadtests.bench.processes import cpu_s
from loadtests.bench.systems import System

EVERY_S: Final = 0.1
MIB: Final = float(1 << 20)


def worker_of(system: System) -> psutil.Process:
    """The process with the most resident memory."""
    family: list[psutil.Process] = [one for tree in system.trees for one in (tree, *tree.children(recursive=True))]
    return max(family, key=lambda one: one.memory_info().rss)


def resident_mb(process: psutil.Process) -> float:
    """Of a process that lives."""
    return float(process.memory_info().rss) / MIB


class Samples:
    """Samples while it is entered; `cpu_s` and `worker_mb` afterwards."""

    def __init__(self, system: System) -> None:
        self._system, self._worker = system, worker_of(system)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="samples", daemon=True)
        self._at_s: list[float] = []
        self._spent_s: list[float] = []
        self._held_mb: list[float | None] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def cpu_s(self, start_s: float, end_s: float) -> float:
        """CPU seconds between two moments of the monotonic clock, to a sample on either side."""
        first, last = (min(bisect_left(self._at_s, at_s), len(self._at_s) - 1) for at_s in (start_s, end_s))
        return self._spent_s[last] - self._spent_s[first]

    def worker_mb(self, start_s: float, end_s: float) -> float | None:
        """The median of the worker's resident memory between two such moments; None when it did not live."""
        held_mb = self._held_mb[bisect_left(self._at_s, start_s) : bisect_left(self._at_s, end_s)]
        living = [each for each in held_mb if each is not None]
        return median(living) if living and len(living) == len(held_mb) else None

    def _run(self) -> None:
        while True:
            self._at_s.append(time.monotonic())
            self._spent_s.append(cpu_s(self._system.trees))
            try:
                self._held_mb.append(resident_mb(self._worker))
            except psutil.NoSuchProcess:
                self._held_mb.append(None)
            if self._over.wait(EVERY_S):
                break
