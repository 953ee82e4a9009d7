"""What every reader does: one order a line on standard input, one answer a line on standard output.

{"users": 500, "seconds": 1.0}   -> what `timed` found; users in turn, so many at a time
{"show": ["1", "2"]}             -> {"rows": [[1.0, null], ...]}            their values, in the columns' order
"""

from __future__ import annotations

import gc
import json
import math
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

Value = float | None
Read = Callable[[Sequence[str]], Awaitable[Any]]
"""Read these users' features, in whatever shape the library gives them."""
Show = Callable[[Any], list[list[Value]]]
"""That shape as rows of values."""


async def obey(read: Read, show: Show, users: Sequence[str]) -> None:
    """Answer orders until standard input ends. Waiting for one holds the event loop: nobody else uses it."""
    turn = cycle(users)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        answer: dict[str, Any]
        if "show" in order:
            answer = {"rows": [[plain(value) for value in row] for row in show(await read(order["show"]))]}
        else:
            answer = await timed(read, turn, order["users"], order["seconds"])
        print(json.dumps(answer), flush=True)


async def timed(read: Read, turn: Iterator[str], users: int, seconds: float) -> dict[str, float]:
    """Read one group of users after another for so long, or until the turn ends.

    `reads`, `wall_s`, `cpu_s` (the process's own), `p50_us` and `p99_us` of one read by nearest rank, and
    `major_faults`: pages that had to come from a disk.
    """
    times_s: list[float] = []
    began_s, began_cpu_s, began_faults = time.perf_counter(), time.process_time(), _major_faults()
    now_s = began_s
    while now_s - began_s < seconds and (asked := list(islice(turn, users))):
        await read(asked)
        before_s, now_s = now_s, time.perf_counter()
        times_s.append(now_s - before_s)
    cpu_s, faults = time.process_time() - began_cpu_s, _major_faults() - began_faults
    ordered = sorted(times_s)
    return {
        "reads": len(times_s),
        "wall_s": now_s - began_s,
        "cpu_s": cpu_s,
        "p50_us": ordered[math.ceil(0.50 * len(ordered)) - 1] * 1e6,
        "p99_us": ordered[math.ceil(0.99 * len(ordered)) - 1] * 1e6,
        "major_faults": faults,
    }


def _major_faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt


def read_columns(path: str) -> tuple[list[str], list[str]]:
    """Features (`view:feature`) and users, as the bench wrote them."""
    columns = json.loads(Path(path).read_text(encoding="utf-8"))
    return columns["features"], columns["users"]


def plain(value: Value) -> Value:
    """JSON has no NaN.

    >>> plain(float("nan")), plain(1.0)
    (None, 1.0)
    """
    return None if value is None or math.isnan(value) else float(value)
