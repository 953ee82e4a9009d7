"""How far the Parquet history has got in the log: `history/log_positions.json`, partition to next offset.

Everything below a partition's position is in the history, or was judged not to belong there. The file is replaced
whole and only after the parts it speaks of are in place, so a part it does not cover is a leftover of a kill.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from strata.errors import StrataError

FILE_NAME: Final = "log_positions.json"
LOCK_NAME: Final = ".log_positions.lock"


class PositionsDamaged(StrataError):
    """The file of positions cannot be read."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} is damaged ({reason}): without it nobody can tell which log records the history holds. Restore "
            "the history from a backup, or remove it together with the log and import again"
        )


def read_positions(history_root: Path) -> dict[int, int]:
    """Partition to next offset; empty before the first flush. Raises PositionsDamaged."""
    path = history_root / FILE_NAME
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {int(partition): int(offset) for partition, offset in found.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise PositionsDamaged(path, str(error)) from error


@dataclass(frozen=True)
class Staged:
    """A partition's records from `first` on, below `next`, in files that nobody sees yet."""

    first: int
    next: int
    files: Sequence[tuple[Path, Path]] = ()
    """(hidden, final)."""


def commit_parts(history_root: Path, staged: Mapping[int, Staged]) -> set[int]:
    """Let parts be seen and move their partitions' positions, durably and as one for whoever holds the positions.

    Returns the partitions that were moved. One that is not where it was said to be, or whose hidden files were taken
    away, has another worker: it is left alone, and its hidden files are removed.
    """
    history_root.mkdir(parents=True, exist_ok=True)
    with held_positions(history_root) as positions:
        ours = {
            partition
            for partition, part in staged.items()
            if positions.get(partition, 0) == part.first and all(hidden.exists() for hidden, _ in part.files)
        }
        for partition, part in staged.items():
            for hidden, final in part.files:
                hidden.replace(final) if partition in ours else hidden.unlink(missing_ok=True)
        if ours:
            _write(history_root, positions | {partition: staged[partition].next for partition in ours})
    return ours


@contextmanager
def held_positions(history_root: Path) -> Iterator[dict[int, int]]:
    """The positions, which nobody else moves meanwhile. Raises PositionsDamaged."""
    with _locked(history_root / LOCK_NAME):
        yield read_positions(history_root)


def _write(history_root: Path, positions: Mapping[int, int]) -> None:
    temporary = history_root / f".{FILE_NAME}.tmp"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump({str(partition): offset for partition, offset in sorted(positions.items())}, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(history_root / FILE_NAME)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
