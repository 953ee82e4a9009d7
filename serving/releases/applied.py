"""How far each worker has got with releases: a small file per worker, for everyone who waits for a change."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

_PENDING: Final = ".pending-"


@dataclass(frozen=True)
class Applied:
    """What one worker serves."""

    worker: int
    serial: int
    """The release it answers by."""
    refused_serial: int = 0
    """A newer one it could not take up; 0 when there is none."""
    refusal: str = ""
    """Why."""


def write_applied(folder: Path, applied: Applied) -> None:
    """Replace a worker's file in one step."""
    path = folder / f"applied-{applied.worker:03d}.json"
    pending = folder / f"{_PENDING}{path.name}"
    pending.write_text(json.dumps(asdict(applied)), encoding="utf-8")
    pending.replace(path)


def read_applied(folder: Path) -> list[Applied]:
    """Every worker that has said so, by number; those of a gateway that was killed, too, until the next one starts."""
    found = []
    for path in sorted(folder.glob("applied-*.json")):
        try:
            found.append(Applied(**json.loads(path.read_bytes())))
        except (OSError, ValueError, TypeError):
            continue  # it is being written, or gone
    return found


def forget_applied(folder: Path) -> None:
    """Nobody serves any more."""
    for path in folder.glob("applied-*.json"):
        path.unlink(missing_ok=True)
