"""One measurement of overload: capacity just before, then light, heavy and light load, side after side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from loadtests.bench.cores import allowed_cores, pinned
from loadtests.bench.scratch import make_scratch
from loadtests.overload.caller import Order
from loadtests.overload.calling import call
from loadtests.overload.figures import Capacity, Figures, figures
from loadtests.overload.peak import Peak
from loadtests.overload.plan import Plan
from loadtests.overload.samples import Samples, resident_mb, worker_of
from loadtests.overload.sides import Side, start_sides
from loadtests.progress import say
from strata.settings import Settings

MOST_USERS = 2_000
"""They travel on a command line, which has its bounds."""
WARM_S = 1.0


def measure_overload(
    settings: Settings, users: Sequence[str], plan: Plan, tell: Callable[[str], None] = say
) -> list[Figures]:
    """One row per side. Raises StrataError when a server does not start or a caller ends."""
    scratch = make_scratch(settings)
    some = list(users)[:MOST_USERS]
    with ExitStack() as stack:
        tell("starting the gateways")
        cores = allowed_cores()
        stack.enter_context(pinned(cores[1:]))
        sides = start_sides(settings, some[0], scratch, stack, cores[:1])
        for side in sides:
            call(Order(side.address, some, [(0.0, WARM_S)], plan.callers, deadline_s=1.0))
        order = Order(sides[0].address, some, [], plan.callers, deadline_s=plan.deadline_s)
        peak = Peak(order, plan.capacity_s, sides[0].gateway.trees)
        return [_measure(side, peak, some, plan, tell) for side in sides]


def _measure(side: Side, peak: Peak, users: Sequence[str], plan: Plan, tell: Callable[[str], None]) -> Figures:
    tell(f"{side.name}: what the gateway can do")
    first_per_s, first_cost_s = peak.look()
    tell(f"{side.name}: {plan.times:g} times {first_per_s:,.0f} calls a second for {plan.seconds:g} s")
    before_mb = resident_mb(worker_of(side.gateway))
    with Samples(side.gateway) as samples:
        tally = call(Order(side.address, users, plan.phases(first_per_s), deadline_s=plan.deadline_s))
    memory_mb = before_mb, resident_mb(worker_of(side.gateway))
    last_per_s, last_cost_s = peak.look()
    start_s, counted_s = tally.began_s + plan.light_s + plan.ramp_s, plan.seconds - plan.ramp_s
    capacity = Capacity(max(first_per_s, last_per_s), (first_cost_s + last_cost_s) / 2)
    spent_s = samples.cpu_s(start_s, start_s + counted_s)
    thirds = [start_s + third * counted_s / 3 for third in range(4)]
    thirds_mb = samples.worker_mb(*thirds[:2]), samples.worker_mb(*thirds[2:])
    return figures(side.name, tally, plan, capacity, spent_s=spent_s, memory_mb=memory_mb, thirds_mb=thirds_mb)
