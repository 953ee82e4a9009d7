"""The measurement proper: every engine in turn, each call on other rows than the last."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loadtests.bench.processes import machine_busy_s
from loadtests.models.plan import Plan
from loadtests.models.scoring import Score, Scored
from strata.runtime.model import Floats

WARM_S = 0.05
CALLS_A_LOOK = 16
"""Lone rows between two looks at the clock: a look costs a twentieth of the quickest call."""


@dataclass(frozen=True)
class Sample:
    """One engine, one round: microseconds a row by the wall and of this process's CPU."""

    wall_us: float
    cpu_us: float
    other_cpu_share: float
    """Cores that the machine spent on anything else meanwhile."""


@dataclass(frozen=True)
class Cell:
    """What is compared: `engine` on `subject`, `rows` a call."""

    subject: str
    rows: int
    engine: str


def measure(found: Sequence[Scored], plan: Plan, tell: Callable[[str], None]) -> dict[Cell, list[Sample]]:
    """Samples by cell, one per round, after a round that only warms. Engines of one subject and size follow each
    other, so that what is compared is measured within a second."""
    samples: dict[Cell, list[Sample]] = {}
    for number in range(plan.rounds + 1):
        tell(f"round {number} of {plan.rounds}" if number else "warming")
        for subject in found:
            for rows in plan.sizes:
                chunks = _chunks(subject.values, rows)
                for name, score in subject.engines(rows).items():
                    taken = _sample(score, chunks, rows, plan.seconds if number else WARM_S)
                    if number:
                        samples.setdefault(Cell(subject.name, rows, name), []).append(taken)
    return samples


def _chunks(values: Floats, rows: int) -> list[Floats]:
    """The rows in calls of so many, each row once; what is left over is left out."""
    return [values[first : first + rows] for first in range(0, len(values) - rows + 1, rows)]


def _sample(score: Score, chunks: Sequence[Floats], rows: int, seconds: float) -> Sample:
    calls, busy_s = 0, machine_busy_s()
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    passed_s = 0.0
    while passed_s < seconds:
        for _ in range(CALLS_A_LOOK if rows == 1 else 1):
            score(chunks[calls % len(chunks)])
            calls += 1
        passed_s = time.perf_counter() - began_s
    cpu_s = time.process_time() - began_cpu_s
    other = max(0.0, (machine_busy_s() - busy_s - cpu_s) / passed_s)
    return Sample(passed_s / calls / rows * 1e6, cpu_s / calls / rows * 1e6, other)
