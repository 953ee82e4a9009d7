"""Where a worker keeps the numbers that are not known beforehand: beside the file its order names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

CALLERS: Final = "callers"
CALLER_ERRORS: Final = "caller_errors"
MISSING: Final = "missing"
HEARTBEAT: Final = "heartbeat"


def beside(numbers: Path, what: str) -> Path:
    """The file of a worker whose numbers are in `numbers`.

    >>> beside(Path("run/gateway/numbers-003.bin"), CALLERS)
    PosixPath('run/gateway/callers-003.bin')
    """
    return numbers.with_name(f"{what}{numbers.stem.removeprefix('numbers')}.bin")


def found(folder: Path, what: str) -> list[tuple[str, Path]]:
    """Every worker's number and file of that kind, in order."""
    files = ((re.fullmatch(rf"{what}-(\d+)\.bin", path.name), path) for path in sorted(folder.iterdir()))
    return [(str(int(match[1])), path) for match, path in files if match]
