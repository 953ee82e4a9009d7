"""What every reader does: one order a line on standard input, one answer a line on standard output.

{"users": 500, "seconds": 1.0}   -> {"reads": n, "wall_s": s, "cpu_s": s}   users in turn, so many at a time
{"show": ["1", "2"]}             -> {"rows": [[1.0, null], ...]}            their values, in the columns' order
"""

from __future__ import annotations

import gc
import json
import math
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
    """Read one group of users after another for so long."""
    reads, began_s, began_cpu_s = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began_s < seconds:
        await read(list(islice(turn, users)))
        reads += 1
    return {
        "reads": reads,
        "wall_s": time.perf_counter() - began_s,
        "cpu_s": time.process_time() - began_cpu_s,
    }


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
