"""What a process uses, as Linux tells it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class ProcessUse(NamedTuple):
    """CPU in seconds since its start, user and system; memory in bytes, shared pages counted."""

    cpu_s: float
    resident_bytes: int


def process_use(pid: int) -> ProcessUse | None:
    """What it has used so far; None when it is gone, or where there is no /proc."""
    try:
        # The name of the program stands in brackets and may hold anything; what is wanted comes behind it.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return ProcessUse((int(fields[11]) + int(fields[12])) / _TICKS, int(fields[21]) * _PAGE_BYTES)
