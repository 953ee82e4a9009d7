"""The prediction log: answers are copied into bounded buffers, and a thread of its own turns those into Parquet files.

On the way of a request stands a copy of a few numbers. Everything else, and everything that can fail, happens
in the thread; what cannot be kept is dropped, counted and logged.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from serving.adapters.prediction_buffer import PredictionBuffer
from serving.adapters.prediction_files import prepare, remove_oldest
from serving.adapters.prediction_rotation import PredictionRotation
from serving.domain.assignments import Answer, LiveAnswer
from serving.domain.segmenter import SegmenterProfile
from strata.processes.frugal import GiveBack
from strata.processes.priority import step_back

POLL_S: Final = 0.2
"""How often the buffers are emptied."""
TIDY_S: Final = 15.0
"""How often the files are added up."""
_log = logging.getLogger("strata.predictions")


@dataclass(frozen=True)
class LogLimits:
    """What the log may take."""

    share: float
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
        rows: int,
        limits: LogLimits,
        counters: LogCounters,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`writer` names this process in file names; `rows` may wait of each version."""
        self._predictions = predictions
        self._limits, self._counters, self._monotonic = limits, counters, monotonic
        self._writer = writer
        self._rows = rows
        self._swapping = threading.Lock()
        self._served: frozenset[str] = frozenset()
        # By version, two of each: one is filled while the other is emptied.
        self._filling: dict[str, PredictionBuffer] = {}
        self._emptied: dict[str, PredictionBuffer] = {}
        self._rotations: dict[str, PredictionRotation] = {}
        self._tidied_s = monotonic()
        self._free = GiveBack(monotonic)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def serve(self, profiles: Sequence[SegmenterProfile]) -> None:
        """Have room for these versions' answers from now on. Others may still end calls under way; their rooms go when
        they have been empty for a while."""
        with self._swapping:
            self._served = frozenset(profile.key for profile in profiles)
            for profile in profiles:
                if profile.key not in self._rotations:
                    width, folder = len(profile.features), self._predictions / profile.name
                    self._filling[profile.key] = PredictionBuffer(width, self._rows)
                    self._emptied[profile.key] = PredictionBuffer(width, self._rows)
                    writer = f"{self._writer}-{profile.version}"
                    self._rotations[profile.key] = PredictionRotation(folder, writer, profile, self._counters)

    def append(self, answer: Answer) -> None:
        """Copy an answer into the buffers; a column that has no room is dropped."""
        if not self._limits.share:
            return
        # Held elsewhere for as long as two names are exchanged.
        with self._swapping:
            for column in answer.columns:
                filling = self._filling.get(column.profile.key)
                if filling is None or not filling.add(answer, column):
                    self._counters.dropped_full_queue(len(answer.users))

    def append_live(self, answer: LiveAnswer) -> None:
        """`append` of one user's answer."""
        if not self._limits.share:
            return
        user, as_of_us, assignments, _ = answer
        with self._swapping:
            for assignment in assignments:
                filling = self._filling.get(assignment.profile.key)
                if filling is None or not filling.add_live(user, as_of_us, assignment):
                    self._counters.dropped_full_queue(1)

    def close(self, wait_s: float) -> None:
        """Write what is left, for at most so long."""
        self._closing.set()
        self._thread.join(wait_s)

    def step(self, *, last: bool = False) -> None:
        """Empty the buffers, and write what is due; the thread does this over and over."""
        self._take_in()
        if self._rotations:  # one a step: all at once they would hold a core for as long as ten calls
            max(self._rotations.values(), key=lambda rotation: rotation.waiting).write_group()
        now_s = self._monotonic()
        for rotation in list(self._rotations.values()):
            old = now_s - rotation.since_s >= self._limits.rotate_s
            if last or old or rotation.rows >= self._limits.rotate_rows:
                rotation.close_file()
        if last or now_s - self._tidied_s >= TIDY_S:
            self._tidied_s = now_s
            self._forget_unserved()
            self._tidy()
        self._free.when_due()

    def _run(self) -> None:
        # Callers wait for the core this thread shares with them: at half of what one core can do, the slowest call in a
        # hundred took 4.8 ms, 3.2 since it steps back, and 2.3 without any log (2026-11).
        step_back()
        prepare()
        while not self._closing.wait(POLL_S):
            self._step_safely(last=False)
        self._step_safely(last=True)

    def _step_safely(self, *, last: bool) -> None:
        try:
            self.step(last=last)
        except Exception:  # a defect here must not end the log for good, nor reach a caller
            _log.exception("prediction log step failed")

    def _take_in(self) -> None:
        for key, rotation in list(self._rotations.items()):
            with self._swapping:
                full = self._filling[key]
                self._filling[key], self._emptied[key] = self._emptied[key], full
            block = full.take(self._limits.share) if len(full) else None
            if block is not None:
                rotation.add(block, self._monotonic())

    def _forget_unserved(self) -> None:
        """Rooms of versions that are served no more, once everything of theirs is in a file."""
        with self._swapping:
            for key in [key for key in self._rotations if key not in self._served]:
                if not len(self._filling[key]) and not self._rotations[key].rows:
                    del self._rotations[key], self._filling[key], self._emptied[key]

    def _tidy(self) -> None:
        try:
            remove_oldest(self._predictions, self._limits.max_bytes)
        except OSError as error:
            _log.warning("predictions not tidied", extra={"fields": {"reason": error.strerror or str(error)}})
