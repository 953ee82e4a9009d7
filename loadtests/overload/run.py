"""One measurement of overload: capacity just before, then light, heavy and light load, side after side."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import psutil

from loadtests.bench.gateways import ROOT
from loadtests.bench.processes import cpu_s
from loadtests.bench.scratch import make_scratch
from loadtests.bench.systems import System
from loadtests.overload.caller import Order
from loadtests.overload.cpu_samples import CpuSamples
from loadtests.overload.figures import Capacity, Figures, figures, goodput_per_s
from loadtests.overload.plan import Plan
from loadtests.overload.sides import Side, others, start_sides
from loadtests.overload.tally import SLICES_PER_S, Tally
from strata.errors import StrataError
from strata.settings import Settings

MOST_USERS = 2_000
"""They travel on a command line, which has its bounds."""
WARM_S = 1.0


def say(sentence: str) -> None:
    """Progress, on standard error."""
    print(f"{time.strftime('%H:%M:%S')} {sentence}", file=sys.stderr, flush=True)


def measure_overload(
    settings: Settings, users: Sequence[str], plan: Plan, tell: Callable[[str], None] = say
) -> list[Figures]:
    """One row per side. Raises StrataError when a server does not start or a caller ends."""
    scratch = make_scratch(settings)
    some = list(users)[:MOST_USERS]
    with ExitStack() as stack:
        tell("starting the gateways")
        sides = start_sides(settings, some[0], scratch, stack)
        for side in sides:
            _call(Order(side.address, some, [(0.0, WARM_S)], plan.callers, deadline_s=1.0))
        peak = Peak(sides[0], some, plan)
        return [_measure(side, peak, some, plan, tell) for side in sides]


class Peak:
    """What the gateway without admission answers in time to callers who wait for each answer."""

    def __init__(self, bare: Side, users: Sequence[str], plan: Plan) -> None:
        self._order = Order(bare.address, users, [(0.0, plan.capacity_s)], plan.callers, deadline_s=plan.deadline_s)
        self._gateway, self._seconds = bare.gateway, plan.capacity_s

    def look(self) -> tuple[float, float]:
        """Answers a second, and the worker's CPU seconds for each. Raises StrataError when there are none."""
        began_s = cpu_s(self._gateway.trees)
        tally = _call(self._order)
        spent_s = cpu_s(self._gateway.trees) - began_s
        answers = sum(len(one.good_s) for one in tally.slices.values())
        if not answers:
            raise StrataError(f"the gateway at {self._order.address} answered nothing in time; see its log")
        return goodput_per_s(tally.between(1 / SLICES_PER_S, self._seconds)), spent_s / answers


def _measure(side: Side, peak: Peak, users: Sequence[str], plan: Plan, tell: Callable[[str], None]) -> Figures:
    tell(f"{side.name}: what the gateway can do")
    first_per_s, first_cost_s = peak.look()
    tell(f"{side.name}: {plan.times:g} times {first_per_s:,.0f} calls a second for {plan.seconds:g} s")
    before_mb = memory_mb(side.gateway)
    with CpuSamples(side.gateway) as samples:
        tally = _call(Order(side.address, users, plan.phases(first_per_s), deadline_s=plan.deadline_s))
    memory = before_mb, memory_mb(side.gateway)
    last_per_s, last_cost_s = peak.look()
    start_s = tally.began_s + plan.light_s + plan.ramp_s
    capacity = Capacity(max(first_per_s, last_per_s), (first_cost_s + last_cost_s) / 2)
    spent_s = samples.between(start_s, start_s + plan.seconds - plan.ramp_s)
    return figures(side.name, tally, plan, capacity, spent_s=spent_s, memory_mb=memory)


def _call(order: Order) -> Tally:
    command = [*others(), sys.executable, "-m", "loadtests.overload.caller", order.to_json()]
    # A file: of several hundred kilobytes through a pipe one run in ten came in part (2026-11).
    with tempfile.TemporaryFile("w+", encoding="utf-8") as answer:
        done = subprocess.run(command, stdout=answer, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
        if done.returncode:
            raise StrataError(f"a caller ended with {done.returncode}: {done.stderr[-2_000:]}")
        answer.seek(0)
        return Tally.from_document(json.load(answer))


def memory_mb(system: System) -> float:
    """Resident memory of the largest process: the worker."""
    family: list[psutil.Process] = [one for tree in system.trees for one in (tree, *tree.children(recursive=True))]
    return float(max(one.memory_info().rss for one in family) / 2**20)
