"""A wall clock that is set ahead and back for the servers of a trial, and for nobody else."""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Final

from strata.errors import InputInvalid

SOURCE: Final = Path(__file__).with_suffix(".c")
COMPILERS: Final = ("cc", "gcc", "clang")
SECOND_NS: Final = 1_000_000_000
_SHIFT: Final = struct.Struct("=q")


class ShiftedClock:
    """Compile it, start servers with `environ`, then `set`; every one of them sees it at once.

    libfaketime was tried first (0.9.10, 2026-11): with the monotonic clock left alone it makes `time.sleep` of Python
    3.11 fail with EINVAL.
    """

    def __init__(self, folder: Path) -> None:
        """Raises InputInvalid without a C compiler."""
        library, shift = folder / "shifted_clock.so", folder / "shift"
        _compile(library)
        shift.write_bytes(_SHIFT.pack(0))
        with shift.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _SHIFT.size)
        self.seconds = 0.0
        self.environ = {"LD_PRELOAD": str(library), "SHIFTED_CLOCK_FILE": str(shift)}

    def set(self, seconds: float) -> None:
        """The wall clock is so far ahead of the machine's; behind it when negative."""
        # One aligned word: a reader sees the old one or the new one.
        self._shared[:] = _SHIFT.pack(round(seconds * SECOND_NS))
        self.seconds = seconds


def compiler() -> str | None:
    """A C compiler of this machine."""
    named = os.environ.get("CC")
    return next((each for each in (named, *COMPILERS) if each and shutil.which(each)), None)


def _compile(library: Path) -> None:
    found = compiler()
    if found is None:
        raise InputInvalid("NOT PROVED: a clock is set ahead by a small C library, and there is no C compiler here")
    command = [found, "-O2", "-fPIC", "-shared", "-o", str(library), str(SOURCE), "-ldl", "-lpthread"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputInvalid(f"NOT PROVED: {SOURCE.name} does not compile here: {done.stderr.strip()[-300:]}")
