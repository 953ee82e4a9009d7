"""What one import has kept so far, in a small file that is replaced whole.

A batch becomes part of the history in four steps, and a kill between any two of them is mended by the next run:

    1. its parts are written under hidden names          a kill here: the hidden files are swept away
    2. the journal says which are to be renamed           a kill here: the next run renames them
    3. they are renamed                                   a kill here: the next run renames the rest
    4. the journal says that the batch is kept            (with step 2 of the next batch)
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from streaming.store.totals import Totals

FORMAT = 1


@dataclass(frozen=True)
class Progress:
    """One import's state. Paths are relative to the home, so that a home may be moved."""

    import_id: str
    now_us: int
    """Rows past this instant are in the future; a continued import keeps the first run's."""
    complete: bool = False
    totals: Totals = field(default_factory=Totals)
    parts: tuple[str, ...] = ()
    pending: tuple[tuple[str, str], ...] = ()
    """Hidden name and final name of parts that are counted in the totals and may not be renamed yet."""

    def settled(self) -> Progress:
        """The same with nothing left to rename."""
        return replace(self, pending=(), parts=(*self.parts, *(final for _, final in self.pending)))


class Journal:
    """The journal file of one import."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Progress | None:
        """The last state written; None without one, or with one that is not ours to read."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            return _decode(found) if found["format"] == FORMAT else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, AssertionError):
            # Journals only save work: without one the import begins again, and ids keep rows from being doubled.
            return None

    def write(self, progress: Progress) -> None:
        """Replace the state, whole, durably."""
        temporary = self._path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(_encode(progress), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)


def _encode(progress: Progress) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "import_id": progress.import_id,
        "now_us": progress.now_us,
        "complete": progress.complete,
        "totals": progress.totals.as_json(),
        "parts": progress.parts,
        "pending": progress.pending,
    }


def _decode(found: dict[str, Any]) -> Progress:
    return Progress(
        str(found["import_id"]),
        int(found["now_us"]),
        bool(found["complete"]),
        Totals(**found["totals"]),
        tuple(map(str, found["parts"])),
        tuple((str(hidden), str(final)) for hidden, final in found["pending"]),
    )
