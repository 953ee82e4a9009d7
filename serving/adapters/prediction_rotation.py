"""One segmenter's log: rows into row groups, row groups into a file, one file after the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from serving.adapters.prediction_columns import Block
from serving.adapters.prediction_files import PredictionFile
from serving.domain.segmenter import SegmenterProfile

GROUP_ROWS: Final = 2_048
"""Rows that are held in memory before they go to the file: 50 features of them are 1 MB, and 1 to 3 ms of a core that
callers wait for."""
_log = logging.getLogger("strata.predictions")


class RowCounters(Protocol):
    """What became of rows."""

    def written(self, rows: float) -> None: ...

    def dropped_write_error(self, rows: float) -> None: ...


class PredictionRotation:
    """Takes blocks; writes when told. A failure drops the open file's rows, and the next file tries again."""

    def __init__(self, folder: Path, writer: str, profile: SegmenterProfile, counters: RowCounters) -> None:
        self._folder, self._writer, self._profile, self._counters = folder, writer, profile, counters
        self._waiting: list[Block] = []
        self._file: PredictionFile | None = None
        self._files = 0
        self.rows = 0
        """Rows since the last file was closed."""
        self.waiting = 0
        """Those of them that wait in memory."""
        self.since_s = 0.0
        """When the first of them came."""

    def add(self, block: Block, now_s: float) -> None:
        """Take rows. They wait until `write_group` or `close_file`."""
        if not self.rows:
            self.since_s = now_s
        self._waiting.append(block)
        self.rows += len(block)
        self.waiting += len(block)

    def write_group(self) -> None:
        """Let a row group of what waits go to the file, once there is enough for one."""
        if self.waiting >= GROUP_ROWS:
            self._guarded(self._write_group)

    def close_file(self) -> None:
        """Finish the file, so that readers see it; nothing happens without rows."""
        if self.rows:
            self._guarded(self._finish)

    def _write_group(self) -> None:
        if self._file is None:
            self._files += 1
            # Names sort by age over all workers, whatever the platform's clock says.
            name = f"{time.time_ns() // 1_000:016d}-{self._writer}-{self._files:06d}"
            self._file = PredictionFile(self._folder, name, self._profile)
        waiting, self._waiting, self.waiting = self._waiting, [], 0
        self._file.write(waiting)

    def _finish(self) -> None:
        if self._waiting:
            self._write_group()
        assert self._file is not None
        self._file.finish()
        self._counters.written(self.rows)
        self._file, self.rows = None, 0

    def _guarded(self, work: Callable[[], None]) -> None:
        """Whatever fails (a full disk, lost rights) costs the rows of one file."""
        try:
            work()
        except Exception as error:
            rows, self.rows, self._waiting, self.waiting = self.rows, 0, [], 0
            if self._file is not None:
                self._file.abandon()
                self._file = None
            self._counters.dropped_write_error(rows)
            reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            fields = {"segmenter": self._profile.name, "rows": rows, "reason": reason}
            _log.warning("predictions dropped", extra={"fields": fields})
