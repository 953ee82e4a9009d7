"""What an embedded log was made with: `log.json`. A user's partition must never change, so their number is fixed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

from strata.errors import LogDamaged, SettingsInvalid
from streaming.log.embedded.segments import list_segments, sync_folder

NAME: Final = "log.json"
FORMAT: Final = 1


def ensure_shape(folder: Path, partitions: int) -> None:
    """Make a new log, or see that the one there has this many partitions. Raises SettingsInvalid, LogDamaged."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    if not path.exists():
        if list_segments(folder):
            raise LogDamaged(f"the event log in {folder} has segments and no {NAME}; restore it from a copy")
        _create(path, partitions)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        form, made_with = int(found["format"]), int(found["partitions"])
    except (ValueError, KeyError, TypeError) as fault:
        raise LogDamaged(f"{path} is not what it should be ({fault!r}); restore it from a copy") from None
    if form != FORMAT:
        raise LogDamaged(f"{path} has format {form}; this version reads {FORMAT}")
    if made_with != partitions:
        raise SettingsInvalid(
            f"the event log in {folder} was made with {made_with} partitions and log.partitions is {partitions}; set "
            f"it to {made_with}: with another number a user's events would change their partition"
        )


def _create(path: Path, partitions: int) -> None:
    """Whole or not at all, and the first of several who try at once wins."""
    hidden = path.with_name(f".{NAME}-{os.getpid()}")
    with hidden.open("w", encoding="utf-8") as file:
        json.dump({"format": FORMAT, "partitions": partitions}, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(hidden, path)
    except FileExistsError:
        pass
    finally:
        hidden.unlink()
    sync_folder(path.parent)
