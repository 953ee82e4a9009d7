"""The measurement proper: cells, in interleaved rounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.h2load import Burst, Generator
from loadtests.bench.plan import Plan
from loadtests.bench.processes import cpu_s
from loadtests.bench.systems import System
from loadtests.bench.workload import Call

WARM_S = 0.4
IDLE_S = 2.0


@dataclass(frozen=True)
class Subject:
    """A system with its single and batch calls, weighed."""

    system: System
    singles: Sequence[Call]
    batches: Sequence[Call]


@dataclass(frozen=True)
class Cell:
    """One thing to measure in each round."""

    name: str
    system: System
    calls: Sequence[Call]
    callers: int
    seconds: float


def cells(subjects: Sequence[Subject], plan: Plan) -> list[Cell]:
    """Per system: single calls from many callers, single calls from one, batches. Like kinds follow each other,
    so that what is compared is measured within seconds."""
    kinds: list[tuple[str, Callable[[Subject], Sequence[Call]], int, float]] = [
        ("", lambda one: one.singles, plan.callers, plan.single_s),
        (" lone", lambda one: one.singles, 1, plan.lone_s),
        (" batch", lambda one: one.batches, plan.batch_callers, plan.batch_s),
    ]
    return [
        Cell(one.system.name + suffix, one.system, choose(one), callers, seconds)
        for suffix, choose, callers, seconds in kinds
        for one in subjects
    ]


def idle_cpu_share(systems: Sequence[System]) -> dict[str, float]:
    """Cores each system uses when nobody calls: a fixed cost that a low rate spreads over few calls."""
    before = {one.name: cpu_s(one.trees) for one in systems}
    time.sleep(IDLE_S)
    return {one.name: round((cpu_s(one.trees) - before[one.name]) / IDLE_S, 4) for one in systems}


def measure(
    todo: Sequence[Cell], rounds: int, scratch: Path, tick: Callable[[str], None] = lambda _: None
) -> dict[str, list[Burst]]:
    """Bursts by cell name, one per round, after one unmeasured burst each."""
    folder = scratch / "h2load"
    folder.mkdir(exist_ok=True)
    generators = {cell.name: Generator(cell.system, cell.calls, cell.callers, folder) for cell in todo}
    found: dict[str, list[Burst]] = {cell.name: [] for cell in todo}
    for cell in todo:
        tick(f"warming {cell.name}")
        generators[cell.name].burst(WARM_S)
    for number in range(rounds):
        for cell in todo:
            tick(f"round {number + 1}: {cell.name}")
            found[cell.name].append(generators[cell.name].burst(cell.seconds))
    return found
