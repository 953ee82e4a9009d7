"""The prediction log's files: whole or not there, oldest first out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from serving.adapters.prediction_columns import Block, to_table
from serving.domain.segmenter import SegmenterProfile

_PENDING: Final = ".pending-"


def write_blocks(folder: Path, name: str, profile: SegmenterProfile, blocks: Sequence[Block]) -> Path:
    """Write `folder/<name>.parquet`, seen only when complete. Raises OSError; then nothing is left."""
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    pending, final = folder / f"{_PENDING}{name}.parquet", folder / f"{name}.parquet"
    try:
        pq.write_table(to_table(profile, blocks), pending, compression="zstd")
        pending.rename(final)
    except BaseException:
        pending.unlink(missing_ok=True)
        raise
    return final


def remove_leftovers(predictions: Path) -> int:
    """Remove what killed writers left half done. Only while no writer runs. Returns how many."""
    leftovers = list(predictions.glob(f"*/{_PENDING}*"))
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)
    return len(leftovers)


def remove_oldest(predictions: Path, max_bytes: int) -> int:
    """Remove the oldest files, by name, until the rest takes at most `max_bytes`. Returns how many.

    Several workers may do so at once: a file already gone is no fault.
    """
    files = sorted(_sizes(predictions), key=lambda each: each[0].name, reverse=True)
    total = removed = 0
    for path, size in files:
        total += size
        if total > max_bytes:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _sizes(predictions: Path) -> list[tuple[Path, int]]:
    found = []
    for folder in predictions.glob("*/"):
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".parquet") and not entry.name.startswith("."):
                    try:
                        found.append((Path(entry.path), entry.stat().st_size))
                    except FileNotFoundError:
                        continue
    return found
