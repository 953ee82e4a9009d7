"""One piece of work in a process of its own, so that its time and its peak of memory are its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any, Final

from strata.errors import StrataError

THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
PREFIX: Final = "lab-result "
LONGEST_S: Final = 7_200
"""All of `strata lab scale` takes minutes (docs/benchmarks.md); what takes so long swaps, or has no end."""


def run_alone(module: str, *arguments: str, threads: int = 1) -> dict[str, Any]:
    """`python -m module arguments`, whose last line is its result as JSON behind `lab-result`.

    Raises StrataError when it ends badly, what it said of that being on stderr, and when it takes over LONGEST_S.
    """
    environ = {**os.environ, **dict.fromkeys(THREADS, str(threads))}
    command = [sys.executable, "-m", module, *arguments]
    try:
        done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired:
        raise StrataError(_too_long(module, arguments)) from None
    results = [line for line in done.stdout.splitlines() if line.startswith(PREFIX)]
    if done.returncode or not results:
        raise StrataError(f"{' '.join(arguments)} ended with {done.returncode}; what it said is above")
    found: dict[str, Any] = json.loads(results[-1].removeprefix(PREFIX))
    return found


def _too_long(module: str, arguments: tuple[str, ...]) -> str:
    return (
        f"{module.rpartition('.')[2]} {' '.join(arguments)} was stopped after {LONGEST_S / 3_600:g} hours; ask for one "
        "(--only), for fewer users, features or trials, or for the same again on a machine that is free: what searches "
        "and scale had judged by then is not judged again"
    )


def tell_result(result: dict[str, Any]) -> None:
    """From that process: its result."""
    print(PREFIX + json.dumps(result, allow_nan=False), flush=True)


def peak_memory_mb() -> float:
    """The most this process had resident so far."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
