"""Every process of a platform, every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from loadtests.soak.memory import Held, read_held

Families = Callable[[], Mapping[str, Sequence[int]]]
"""The platform's servers now, by name: each one's process, and those below it."""


class Sample(NamedTuple):
    """One look."""

    at_s: float
    """Seconds since the load began."""
    processes: Mapping[str, tuple[int, Held]]
    """By name: the process id, and what it holds."""


class Sampler:
    """Looks until the context ends, from a thread of its own."""

    def __init__(self, families: Families, every_s: float, state_file: Path) -> None:
        self._families, self._every_s, self._state_file = families, every_s, state_file
        self.samples: list[Sample] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._began_s = 0.0

    def __enter__(self) -> Sampler:
        self._began_s = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *exit_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        due_s = self._began_s
        while True:
            found = look(self._families(), self._state_file)
            self.samples.append(Sample(time.monotonic() - self._began_s, found))
            due_s = max(due_s + self._every_s, time.monotonic())
            if self._stop.wait(due_s - time.monotonic()):
                return


def look(families: Mapping[str, Sequence[int]], state_file: Path) -> dict[str, tuple[int, Held]]:
    """What each process holds: `gateway`, and those below it `gateway.1`, `gateway.2`."""
    found: dict[str, tuple[int, Held]] = {}
    for name, process_ids in families.items():
        for number, process_id in enumerate(process_ids):
            held = read_held(process_id, state_file)
            if held is not None:
                found[f"{name}.{number}" if number else name] = process_id, held
    return found
