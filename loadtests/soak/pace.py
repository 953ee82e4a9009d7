"""A thread that does one thing at a rate, until told to end."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from typing import Any, Final

import grpc

from loadtests.live.senders import OPTIONS

BEHIND_S: Final = 0.5
"""A thread that was held up makes no more than this of its lost time good: a load, not a flood."""


class Paced(threading.Thread, ABC):
    """Calls `step` with a channel of its own, `rate` times a second."""

    def __init__(self, name: str, address: str, rate: float, stop: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self._address, self._rate, self._stop_asked = address, rate, stop
        self.broken: BaseException | None = None
        """What ended it before its time: a defect of the soak itself, or of a reply's shape."""

    def end(self) -> None:
        """Come to an end although the step under way would wait; `stop` is set already."""

    def run(self) -> None:
        """The thread's life."""
        try:
            with grpc.insecure_channel(self._address, options=OPTIONS) as channel:
                self._steps(channel)
        except Exception as error:  # a thread's end must not go unnoticed
            self.broken = error

    def _steps(self, channel: Any) -> None:
        due_s, turn = time.monotonic(), 0
        while not self._stop_asked.wait(max(0.0, due_s - time.monotonic())):
            due_s = max(due_s, time.monotonic() - BEHIND_S) + 1.0 / self._rate
            self.step(channel, turn)
            turn += 1

    @abstractmethod
    def step(self, channel: Any, turn: int) -> None:
        """Do it once. `turn` counts from 0."""
