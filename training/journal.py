"""The journal of trainings: an append-only file of JSON lines, one for each training that ended and each version that a
person accepted. Nothing is decided by it but what is printed: what `latest` means is in LATEST."""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from strata.append_only import append_line, read_lines

if TYPE_CHECKING:
    from training.definition import Definition

Entry = dict[str, Any]
"""Keys in docs/training_runs.md."""


@dataclass(frozen=True)
class Journal:
    """The journal in one file. Any number of processes may hold one."""

    path: Path

    def append(self, entry: Entry) -> None:
        """Log one end. Raises OSError; the journal is then as it was, or has a line nobody reads."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(entry, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            append_line(file.fileno(), line.encode() + b"\n")

    def entries(self, segmenter: str | None = None) -> Iterator[Entry]:
        """Every sound line, the oldest first; a line nobody can read is passed over."""
        for line in read_lines(self.path):
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and segmenter in {None, entry.get("segmenter")}:
                yield entry

    def decisions(self, segmenter: str) -> dict[str, str]:
        """Version -> what was decided about it last."""
        return {str(entry.get("version")): str(entry.get("decision")) for entry in self.entries(segmenter)}


def definition_hash(definition: Definition) -> str:
    """12 hexadecimal digits over all a file says, gates too."""
    said = json.dumps(definition.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def whoami() -> str:
    """USER@HOST. A container's number without a name stands for itself."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
