"""The prediction log: answers are copied into bounded buffers, and a thread of its own turns those into Parquet files.

On the way of a request stands a copy of a few numbers. Everything else, and everything that can fail, happens
in the thread; what cannot be kept is dropped, counted and logged.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from serving.adapters.prediction_buffer import PredictionBuffer
from serving.adapters.prediction_files import remove_oldest
from serving.adapters.prediction_rotation import PredictionRotation
from serving.domain.assignments import Answer, LiveAnswer
from serving.domain.segmenter import SegmenterProfile

POLL_S: Final = 0.2
"""How often the buffers are emptied."""
TIDY_S: Final = 15.0
"""How often the files are added up."""
_log = logging.getLogger("strata.predictions")


@dataclass(frozen=True)
class LogLimits:
    """What the log may take."""

    share: float
    queue_rows: int
    rotate_rows: int
    rotate_s: float
    max_bytes: int


@dataclass(frozen=True)
class LogCounters:
    """Where rows are counted; each is called with a number of rows."""

    written: Callable[[float], None]
    dropped_full_queue: Callable[[float], None]
    dropped_write_error: Callable[[float], None]


class ParquetPredictionLog:
    """A PredictionLog for one event loop. Start it, and close it to write what is left."""

    def __init__(
        self,
        predictions: Path,
        writer: str,
        *,
        profiles: Mapping[str, SegmenterProfile],
        limits: LogLimits,
        counters: LogCounters,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`writer` names this process in file names."""
        self._predictions = predictions
        self._limits, self._counters, self._monotonic = limits, counters, monotonic
        rows = max(limits.queue_rows // max(len(profiles), 1), 1)
        # Two of each: one is filled while the other is emptied.
        self._filling = {name: PredictionBuffer(len(each.features), rows) for name, each in profiles.items()}
        self._emptied = {name: PredictionBuffer(len(each.features), rows) for name, each in profiles.items()}
        self._swapping = threading.Lock()
        self._rotations = {
            name: PredictionRotation(predictions / name, writer, profile, counters)
            for name, profile in profiles.items()
        }
        self._tidied_s = monotonic()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def append(self, answer: Answer) -> None:
        """Copy an answer into the buffers; a column that has no room is dropped."""
        if not self._limits.share:
            return
        # Held elsewhere for as long as two names are exchanged.
        with self._swapping:
            for column in answer.columns:
                if not self._filling[column.profile.name].add(answer, column):
                    self._counters.dropped_full_queue(len(answer.users))

    def append_live(self, answer: LiveAnswer) -> None:
        """`append` of one user's answer."""
        if not self._limits.share:
            return
        user, as_of_us, assignments = answer
        with self._swapping:
            for assignment in assignments:
                if not self._filling[assignment.profile.name].add_live(user, as_of_us, assignment):
                    self._counters.dropped_full_queue(1)

    def close(self, wait_s: float) -> None:
        """Write what is left, for at most so long."""
        self._closing.set()
        self._thread.join(wait_s)

    def step(self, *, last: bool = False) -> None:
        """Empty the buffers, and write what is due; the thread does this over and over."""
        self._take_in()
        now_s = self._monotonic()
        for rotation in self._rotations.values():
            old = now_s - rotation.since_s >= self._limits.rotate_s
            if last or old or rotation.rows >= self._limits.rotate_rows:
                rotation.close_file()
        if last or now_s - self._tidied_s >= TIDY_S:
            self._tidied_s = now_s
            self._tidy()

    def _run(self) -> None:
        while not self._closing.wait(POLL_S):
            self._step_safely(last=False)
        self._step_safely(last=True)

    def _step_safely(self, *, last: bool) -> None:
        try:
            self.step(last=last)
        except Exception:  # a defect here must not end the log for good, nor reach a caller
            _log.exception("prediction log step failed")

    def _take_in(self) -> None:
        for name, rotation in self._rotations.items():
            with self._swapping:
                full = self._filling[name]
                self._filling[name], self._emptied[name] = self._emptied[name], full
            block = full.take(self._limits.share) if len(full) else None
            if block is not None:
                rotation.add(block, self._monotonic())

    def _tidy(self) -> None:
        try:
            remove_oldest(self._predictions, self._limits.max_bytes)
        except OSError as error:
            _log.warning("predictions not tidied", extra={"fields": {"reason": error.strerror or str(error)}})
