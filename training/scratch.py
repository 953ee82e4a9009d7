"""Results of long work, kept in a file as they come, so that an interrupted training continues where it was.

A result is found again only by whoever asks with the same rows, declaration, seed, code and libraries: they are the
file's name. What is kept are figures, never models: a model is fitted again from its seed.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# What a figure depends on beside rows and declaration.
_LIBRARIES: Final = ("lightgbm", "numpy", "scikit-learn", "scipy")


@dataclass
class Scratch:
    """JSON values by key. One process writes; a line cut short by a kill is as if it had not been written."""

    path: Path | None = None
    """None: kept in memory alone."""
    _kept: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path is not None and self.path.exists():
            self._kept = _read(self.path)
            # What a kill cut short must not run into the next line.
            _write(self.path, self._kept)

    def __contains__(self, key: str) -> bool:
        return key in self._kept

    def recall(self, key: str) -> Any:
        """What was kept under this key. Raises KeyError."""
        return self._kept[key]

    def keep(self, key: str, value: Any) -> None:
        """Keep a JSON value: it is on the disk when this returns."""
        self._kept[key] = value
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(_line(key, value))
                file.flush()
                os.fsync(file.fileno())


def open_scratch(folder: Path | None, *asked: str | NDArray[Any]) -> Scratch:
    """The file in `folder` for exactly these texts and arrays; those of other work are removed. None: no file.

    It stays when the work is done, a few kilobytes until other work is asked for.
    """
    if folder is None:
        return Scratch()
    path = folder / f"{digest(*asked)}.jsonl"
    for other in folder.glob("*.jsonl"):
        if other != path:
            other.unlink()
    return Scratch(path)


def digest(*asked: str | NDArray[Any]) -> str:
    """24 hexadecimal digits over texts and arrays (bytes, shape, dtype), the libraries' versions and this room's code.

    480 MB of rows take under a second.
    """
    whole = hashlib.blake2b(digest_size=12)
    for source in sorted(Path(__file__).parent.rglob("*.py")):
        whole.update(source.read_bytes())
    for each in (*asked, *(f"{name} {installed(name)}" for name in _LIBRARIES)):
        if isinstance(each, str):
            whole.update(f"text {len(each)} {each}".encode())
        else:
            whole.update(f"array {each.shape} {each.dtype}".encode())
            whole.update(np.ascontiguousarray(each).data)
    return whole.hexdigest()


def _read(path: Path) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True):
        try:
            found = json.loads(line)
            kept[found["key"]] = found["value"]
        except (ValueError, KeyError, TypeError):
            break
    return kept


def _write(path: Path, kept: dict[str, Any]) -> None:
    pending = path.with_suffix(".pending")
    pending.write_text("".join(_line(key, value) for key, value in kept.items()), encoding="utf-8")
    pending.replace(path)


def _line(key: str, value: Any) -> str:
    return json.dumps({"key": key, "value": value}) + "\n"
