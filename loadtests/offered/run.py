"""One measurement of offered load: rounds of steps, the sides in turn at each, every step beside its own capacity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import product

from loadtests.bench.cores import allowed_cores, pinned
from loadtests.bench.scratch import make_scratch
from loadtests.offered.plan import Plan
from loadtests.offered.sides import Side, Wanted, start_sides
from loadtests.offered.steps import Step, step_of
from loadtests.overload.calling import call
from loadtests.overload.peak import Peak
from loadtests.overload.run import MOST_USERS
from loadtests.progress import say
from strata.settings import Settings

Tell = Callable[[str], None]


def measure_offered(
    settings: Settings, users: Sequence[str], plan: Plan, wanted: Wanted, tell: Tell = say
) -> list[Step]:
    """Every step of every round. Raises StrataError when a server does not start or a caller ends."""
    scratch = make_scratch(settings)
    some = list(users)[:MOST_USERS]
    cores = allowed_cores()
    with ExitStack() as stack:
        stack.enter_context(pinned(cores[1:]))
        tell("starting the sides")
        with pinned(cores[:1]):
            sides = start_sides(settings, some, wanted, scratch, stack)
        return list(measure_steps(sides, some, plan, tell))


def measure_steps(sides: Sequence[Side], users: Sequence[str], plan: Plan, tell: Tell) -> Iterator[Step]:
    """The sides follow each other at each share, so that what is compared is measured within seconds."""
    tell("warming")
    for side in sides:
        _peak(side, users, plan).look()
    todo = list(product(range(plan.rounds), plan.shares, sides))
    for number, (_, share, side) in enumerate(todo, 1):
        for again in range(plan.tries):
            tell(f"{number} of {len(todo)}: {side.system.name} at {share:.0%} of its capacity{', again' * bool(again)}")
            step = _measure(side, share, users, plan)
            if not step.unfit:
                break
        yield step


def _measure(side: Side, share: float, users: Sequence[str], plan: Plan) -> Step:
    peak = _peak(side, users, plan)
    before_per_s, _ = peak.look()
    load = share * before_per_s, plan.seconds
    tally = call(side.order(users, load, plan.deadline_s(share), plan.callers))
    after_per_s, _ = peak.look()
    return step_of(side.system.name, share, tally, plan, (before_per_s, after_per_s))


def _peak(side: Side, users: Sequence[str], plan: Plan) -> Peak:
    order = side.order(users, (0.0, plan.capacity_s), plan.light_deadline_s, plan.callers)
    return Peak(order, plan.capacity_s, side.system.trees)
