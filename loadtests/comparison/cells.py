"""What is measured: contenders, each with its calls by kind, and their cells in the order of a round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loadtests.bench.measure import Cell
from loadtests.bench.systems import System
from loadtests.bench.workload import Call
from loadtests.comparison.plan import SIZES, PeerPlan

SINGLE = ""
BATCHES = {size: f" batch of {size}" for size in SIZES}
ROWS = {size: f", {size} row" + "s" * (size > 1) for size in SIZES}
USERS = {size: f", {size} user" + "s" * (size > 1) for size in (1, 500)}
KINDS = (SINGLE, *BATCHES.values(), *ROWS.values(), *USERS.values())
"""What stands behind a system's name in the name of a cell. One follows the other in a round, so that what is compared
is measured within seconds."""


@dataclass(frozen=True)
class Contender:
    """A system and the calls it is asked, by kind, weighed."""

    system: System
    calls: Mapping[str, Sequence[Call]]


def cells(contenders: Sequence[Contender], plan: PeerPlan) -> list[Cell]:
    """Every kind of every contender that has it."""
    return [_cell(one.system, kind, one.calls[kind], plan) for kind in KINDS for one in contenders if kind in one.calls]


def _cell(system: System, kind: str, calls: Sequence[Call], plan: PeerPlan) -> Cell:
    alone = calls[0].users == 1
    callers, seconds = (plan.callers, plan.single_s) if alone else (plan.many_callers, plan.many_s)
    return Cell(system.name + kind, system, calls, callers, seconds)
