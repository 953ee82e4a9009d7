"""Run as a program: an import that kills itself (SIGKILL) at the n-th step it takes on the disk.

    python killed_import.py SOURCE MAPPING HOME BATCH_ROWS STEP

A step is a write of a part, a sync or a rename. STEP 0 kills nowhere. Prints the number of steps when it lives.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from streaming.importing import import_file
from streaming.mapping.load import load_mapping

steps = 0


def _counting(real: Callable[..., Any], fatal: int, half: Callable[..., None] | None = None) -> Callable[..., Any]:
    def step(*args: Any, **kwargs: Any) -> Any:
        global steps  # noqa: PLW0603 - one count over all patched functions
        steps += 1
        if steps == fatal:
            if half:
                half(*args)
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)

    return step


def _half_written(_table: object, file: Any, *_: object) -> None:
    file.write(b"PAR1 and then nothing")
    file.flush()


def main() -> None:
    source, mapping, home, batch_rows, fatal = sys.argv[1:]
    at = int(fatal)
    pq.write_table = _counting(pq.write_table, at, _half_written)
    os.fsync = _counting(os.fsync, at)
    Path.replace = _counting(Path.replace, at)  # type: ignore[method-assign]
    import_file(Path(source), load_mapping(mapping), Path(home), 1_704_067_200_000_000, batch_rows=int(batch_rows))
    print(steps)


if __name__ == "__main__":
    main()
