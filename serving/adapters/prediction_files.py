"""The prediction log's files: whole or not there, oldest first out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from heapq import nlargest
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from serving.adapters.prediction_columns import Block, to_table
from serving.domain.segmenter import SegmenterProfile

_PENDING: Final = ".pending-"
_QUICKLY: Final[dict[str, Any]] = {"compression": "lz4", "write_statistics": ["as_of"], "write_page_checksum": True}
"""On a worker's own core: a row of 57 columns is written in 0.5 us. With zstd, dictionaries and statistics of
everything it took 0.9, and files were as large to a few per cent (2026-11). The checksums take 0.05 us: answers are
given from what is read again (`parquet_prediction_history.py`), and a page that rotted must not be one."""


class PredictionFile:
    """`folder/<name>.parquet`, hidden until it is finished. Every method but `abandon` raises OSError."""

    def __init__(self, folder: Path, name: str, profile: SegmenterProfile) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._profile = profile
        self._pending, self._final = folder / f"{_PENDING}{name}.parquet", folder / f"{name}.parquet"
        self._writer: Any = None

    def write(self, blocks: Sequence[Block]) -> None:
        """Add one row group."""
        import pyarrow.parquet as pq

        table = to_table(self._profile, blocks)
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._pending, table.schema, **_QUICKLY, use_dictionary=_texts(table.schema)
            )
        self._writer.write_table(table)

    def finish(self) -> None:
        """Complete it and let it be seen, in one step."""
        self._writer.close()
        self._pending.rename(self._final)

    def abandon(self) -> None:
        """Leave nothing behind, as far as that can be had."""
        if self._writer is not None:
            with suppress(Exception):
                self._writer.close()
            self._writer.is_open = False  # else it tries again when collected, and complains
        with suppress(OSError):
            self._pending.unlink(missing_ok=True)


def prepare() -> None:
    """Import what the first row group would have to: 30 ms that callers would wait for."""
    import pyarrow.parquet  # noqa: F401 - for its side effect: it is there


def _texts(schema: Any) -> list[str]:
    """The columns of words: dictionaries of numbers cost more than they save."""
    import pyarrow as pa

    return [field.name for field in schema if pa.types.is_string(field.type)]


def remove_leftovers(predictions: Path) -> int:
    """Remove what killed writers left half done. Only while no writer runs. Returns how many."""
    leftovers = list(predictions.glob(f"*/{_PENDING}*"))
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)
    return len(leftovers)


def newest_files(
    predictions: Path, profiles: Iterable[SegmenterProfile], most: int
) -> list[tuple[str, SegmenterProfile]]:
    """Names of finished files and whose answers they hold by their name, the newest first. No more than `most` are held
    while looking. Raises OSError."""
    served = {(profile.name, profile.version): profile for profile in profiles}
    named = ((entry.name, _written_by(entry)) for entry in _files(predictions))
    found = ((name, served[version]) for name, version in named if version in served)
    return nlargest(most, found, key=itemgetter(0))


def _written_by(entry: os.DirEntry[str]) -> tuple[str, str]:
    """Segmenter and version: `PredictionRotation` names files TIME-WRITER-VERSION-NUMBER."""
    return Path(entry.path).parent.name, entry.name.rpartition("-")[0].rpartition("-")[2]


def remove_oldest(predictions: Path, max_bytes: int) -> int:
    """Remove the oldest files, by name, until the rest takes at most `max_bytes`. Returns how many.

    Several workers may do so at once: a file already gone is no fault. While nothing is too much, nothing is kept of
    what was seen: a list of an hour's 3,000 files is 4 MB, longer every time, in a heap that gives nothing back.
    """
    excess = sum(_size(entry) for entry in _files(predictions)) - max_bytes
    if excess <= 0:
        return 0
    removed = 0
    for _, path, size in sorted((entry.name, entry.path, _size(entry)) for entry in _files(predictions)):
        if excess <= 0:
            break
        Path(path).unlink(missing_ok=True)
        excess -= size
        removed += 1
    return removed


def _files(predictions: Path) -> Iterator[os.DirEntry[str]]:
    """Finished ones, of every segmenter."""
    for folder in predictions.glob("*/"):
        with os.scandir(folder) as entries:
            yield from (one for one in entries if one.name.endswith(".parquet") and not one.name.startswith("."))


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except FileNotFoundError:
        return 0
