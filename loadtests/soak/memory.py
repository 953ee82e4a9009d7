"""What a process holds of the machine: memory as the kernel counts it, descriptors, threads."""

from __future__ import annotations

import os
import re
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
    state: int
    """Resident pages of the state's own data file, mapped by whoever reads it: the page cache's. There are more of
    them as the store is told more, and as a process meets users it had not met."""
    descriptors: int
    threads: int

    @property
    def judged(self) -> int:
        """What may not grow: all that is resident, less the state's pages."""
        return self.rss - self.state


def read_held(process_id: int, state_file: Path, proc: Path = Path("/proc")) -> Held | None:
    """From `smaps_rollup`, `smaps`, `fd` and `status`; None for a process that has ended or is ending."""
    folder = proc / str(process_id)
    try:
        found = _numbers(folder / "smaps_rollup")
        descriptors = sum(1 for _ in (folder / "fd").iterdir())
        threads = _numbers(folder / "status")["Threads"]
        rss, pss, clean, dirty, anonymous = (found[name] * KIB for name in _ROLLUP)
        state = _mapped(folder, state_file)
    except (OSError, KeyError):
        return None
    return Held(rss, pss, clean + dirty, anonymous, state, descriptors, threads)


def _mapped(folder: Path, file: Path) -> int:
    """Resident bytes of a file in a process' mappings of it. The large `smaps` is read of those alone that have one."""
    name = b" " + os.fsencode(file) + b"\n"
    if name not in (folder / "maps").read_bytes():
        return 0
    found = re.findall(re.escape(name) + rb"(?:.*\n)*?Rss: +(\d+) kB", (folder / "smaps").read_bytes())
    return sum(map(int, found)) * KIB


def _numbers(path: Path) -> dict[str, int]:
    """`Name:  12 kB` lines; those that hold no number are left out."""
    pairs = (line.split(":", 1) for line in path.read_text(encoding="ascii", errors="replace").splitlines())
    words = ((pair[0], pair[1].split()) for pair in pairs if len(pair) == 2)
    return {name: int(found[0]) for name, found in words if found and found[0].isdigit()}
