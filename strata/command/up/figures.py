"""What a start cost, as numbers: `strata up --json FILE`. The keys are in docs/operations.md."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from strata.errors import StrataError
from strata.processes.orphans import PLATFORM_VARIABLE, find_marked

MIB = 1_048_576


@dataclass
class StartFigures:
    """Seconds and memory of one start, gathered as it goes."""

    began: float = field(default_factory=time.monotonic)
    steps_s: dict[str, float] = field(default_factory=dict)
    prepared_s: float = 0.0
    serving_s: float = 0.0

    def document(self, home: Path) -> dict[str, object]:
        """Everything as JSON would hold it; memory is resident size now, shared pages counted in each process."""
        pids = [os.getpid(), *sorted(find_marked(PLATFORM_VARIABLE, str(home)))]
        memory = {f"{pid} {_command(pid)}": _resident_mb(pid) for pid in pids}
        workers = [mb for name, mb in memory.items() if "serving.worker" in name]
        return {
            "steps_s": {name: round(seconds, 2) for name, seconds in self.steps_s.items()},
            "prepared_s": round(self.prepared_s, 2),
            "serving_s": round(self.serving_s, 2),
            "first_answer_s": round(time.monotonic() - self.began, 2),
            "memory_mb": memory,
            "memory_total_mb": round(sum(memory.values()), 1),
            "largest_gateway_worker_mb": max(workers, default=0.0),
        }

    def write(self, path: Path, home: Path) -> None:
        """Write the document; StrataError when it cannot be."""
        try:
            path.write_text(json.dumps(self.document(home), indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise StrataError(f"the figures of this start cannot be written to {path}: {error.strerror}") from None


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return "gone"
    return " ".join(Path(word).name if "/" in word else word for word in words if word)[:80]


def _resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0
    return round(pages * os.sysconf("SC_PAGE_SIZE") / MIB, 1)
