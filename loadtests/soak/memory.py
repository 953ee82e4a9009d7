"""What a process holds of the machine: memory as the kernel counts it, descriptors, threads."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

KIB: Final = 1_024
_ROLLUP: Final = ("Rss", "Pss", "Private_Clean", "Private_Dirty", "Anonymous")


class Held(NamedTuple):
    """Bytes, and two counts."""

    rss: int
    """Resident: its own pages, and those of files it has mapped (libraries, LMDB) that are in memory."""
    pss: int
    """Resident, each shared page divided by those who share it: what adds up over processes."""
    uss: int
    """What would be free if it ended."""
    anonymous: int
    """Resident and of no file: heaps and stacks. A leak is here."""
    descriptors: int
    threads: int


def read_held(process_id: int, proc: Path = Path("/proc")) -> Held | None:
    """From `smaps_rollup`, `fd` and `status`; None for a process that has ended or is ending."""
    folder = proc / str(process_id)
    try:
        found = _numbers(folder / "smaps_rollup")
        descriptors = sum(1 for _ in (folder / "fd").iterdir())
        threads = _numbers(folder / "status")["Threads"]
        rss, pss, clean, dirty, anonymous = (found[name] * KIB for name in _ROLLUP)
    except (OSError, KeyError):
        return None
    return Held(rss, pss, clean + dirty, anonymous, descriptors, threads)


def _numbers(path: Path) -> dict[str, int]:
    """`Name:  12 kB` lines; those that hold no number are left out."""
    pairs = (line.split(":", 1) for line in path.read_text(encoding="ascii", errors="replace").splitlines())
    words = ((pair[0], pair[1].split()) for pair in pairs if len(pair) == 2)
    return {name: int(found[0]) for name, found in words if found and found[0].isdigit()}
