"""How far the Parquet history has got in the log: `history/log_positions.json`, partition to next offset.

Everything below a partition's position is in the history, or was judged not to belong there. The file is replaced
whole and only after the parts it speaks of are in place, so a part it does not cover is a leftover of a kill.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


def advance_positions(history_root: Path, moved: Mapping[int, tuple[int, int]]) -> set[int]:
    """Move partitions from one position to another, durably; workers of other partitions may do the same at once.

    Returns those that were moved. One that is not where it was said to be has another worker: it is left alone.
    """
    history_root.mkdir(parents=True, exist_ok=True)
    with _locked(history_root / LOCK_NAME):
        positions = read_positions(history_root)
        ours = {partition for partition, (first, _) in moved.items() if positions.get(partition, 0) == first}
        positions |= {partition: moved[partition][1] for partition in ours}
        temporary = history_root / f".{FILE_NAME}.tmp"
        with temporary.open("w", encoding="utf-8") as file:
            json.dump({str(partition): offset for partition, offset in sorted(positions.items())}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(history_root / FILE_NAME)
    return ours


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
