"""One rebuild of a table serves every view on it that is materialised in the same run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from feature_repo.flip import rebuild
from feature_repo.offline.bulk import newest_recorded_us
from feature_repo.offline.history import ParquetSource
from feature_repo.rebuild import Progress, read_log_start, table_rows
from strata.features.layout import Layout
from strata.state.ports import State

STREAM_FILES = "stream-*.parquet"
"""Parts of the history that came in through the log."""


@dataclass(frozen=True)
class Asked:
    """A view to materialise."""

    view: str
    layout: Layout
    source: ParquetSource
    watermark_us: int
    history_root: Path
    partitions: int


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild of a table made."""

    rows: int
    watermark_us: int
    views: set[str] = field(default_factory=set)
    """Those materialised by it so far."""
    basis: tuple[object, ...] = ()
    """What it was made from."""


class Rebuilds:
    """Remembers the last rebuild of each table."""

    def __init__(self) -> None:
        self._last: dict[str, Rebuilt] = {}

    def rebuild(
        self, state: State, asked: Asked, progress: Progress | None, waiting: Callable[[float], None] | None
    ) -> Rebuilt:
        """Rebuild the view's table, unless the last rebuild was of the same definitions, files and instant.

        A view that is materialised again is rebuilt again.
        """
        layout, table = asked.layout, asked.layout.table
        files = tuple((str(path), path.stat().st_mtime_ns) for path in asked.source.files())
        basis = (layout.fingerprint, asked.watermark_us, files)
        last = self._last.get(table)
        if last is not None and last.basis == basis and asked.view not in last.views:
            if progress:
                progress(1, 1)
        else:
            last = self._last[table] = _rebuild(state, asked, basis, progress, waiting)
        last.views.add(asked.view)
        return last


def _rebuild(
    state: State,
    asked: Asked,
    basis: tuple[object, ...],
    progress: Progress | None,
    waiting: Callable[[float], None] | None,
) -> Rebuilt:
    start = read_log_start(asked.history_root, asked.partitions)
    watermark_us = asked.watermark_us
    if start.positions:
        # What the positions say is in the rows has to be in them, also when it was recorded since the clock was read.
        watermark_us = max(watermark_us, newest_recorded_us(asked.source, STREAM_FILES) or watermark_us)
    rows = table_rows(asked.layout, asked.source, watermark_us, start=start, progress=progress)
    count = rebuild(state, asked.layout, rows, watermark_us, positions=start.positions, waiting=waiting)
    return Rebuilt(count, watermark_us, basis=basis)
