"""What one answer costs on this host: beside a version, never in it, as another host gives another figure."""

from __future__ import annotations

import time
from typing import Final

import numpy as np

from strata.runtime import Package
from training.rows import Floats

# Enough for a median that moves little; below a tenth of a second together for any package here.
CALLS: Final = {1: 200, 500: 20}
_WARM: Final = 3


def measure_latency(package: Package, values: Floats) -> dict[str, float]:
    """`latency_us_1` and `latency_us_500`: median microseconds to score so many rows, of `values` [n, f]."""
    return {f"latency_us_{rows}": _median_us(package, _rows(values, rows), calls) for rows, calls in CALLS.items()}


def _rows(values: Floats, count: int) -> list[Floats]:
    """A few different batches: one row again and again would be the cache's figure."""
    step = max(1, len(values) // 7)
    return [np.ascontiguousarray(np.take(values, range(at, at + count), axis=0, mode="wrap"))
            for at in range(0, len(values), step)]  # fmt: skip


def _median_us(package: Package, batches: list[Floats], calls: int) -> float:
    for batch in batches[:_WARM]:
        package.score(batch)
    taken = []
    for number in range(calls):
        batch = batches[number % len(batches)]
        began = time.perf_counter_ns()
        package.score(batch)
        taken.append(time.perf_counter_ns() - began)
    return round(float(np.median(taken)) / 1_000, 1)
