"""Systems measured and held to their answers: every call is asked before the load and after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from loadtests.bench.agreement import OURS, least_agreement, require_agreement
from loadtests.bench.h2load import Burst
from loadtests.bench.measure import Cell, Subject, cells, idle_cpu_share, measure
from loadtests.bench.plan import BATCH_USERS, Plan
from loadtests.bench.readers import Sample as ReadSample
from loadtests.bench.systems import System
from loadtests.bench.workload import Call, Sample, requests_for, sample, weigh, write_calls
from loadtests.calls import Request

Say = Callable[[str], None]


@dataclass(frozen=True)
class Workload:
    """The calls of a bench, as messages and as files."""

    singles: list[Request]
    batches: list[Request]
    single_files: list[Call]
    batch_files: list[Call]


@dataclass(frozen=True)
class Outcome:
    """Everything measured."""

    cells: list[Cell]
    rounds: dict[str, list[Burst]]
    live_share: dict[str, float]
    """Per system, calls whose every answer was live, before the load."""
    agreement: dict[str, float]
    """Per system, users given the same segments as by `embedded`, before the load and after it, the lesser."""
    reply_bytes: dict[str, int]
    """The middle replies of `embedded`."""
    idle_cpu_share: dict[str, float]
    """Per system, cores used before the load began."""
    reads: dict[tuple[str, int], list[ReadSample]] = field(default_factory=dict)
    """By reader and users a read."""


def prepare(users: list[str], plan: Plan, folder: Path) -> Workload:
    """The plan's calls about these users in turn, stored below `folder`."""
    singles, batches = requests_for(users, min(plan.singles, len(users)), plan.batches, BATCH_USERS)
    return Workload(singles, batches, write_calls(singles, folder / "single"), write_calls(batches, folder / "batch"))


def measure_checked(
    systems: Mapping[str, System],
    work: Workload,
    plan: Plan,
    scratch: Path,
    say: Say,
    *,
    first: Callable[[dict[str, int]], list[Subject]] = lambda _: [],
) -> Outcome:
    """Measure systems by name, `embedded` among them; in each round what `first` makes of its replies' weights comes
    before them. Raises StrataError when one gives other segments than `embedded` does."""
    say("checking answers")
    before = {name: _samples(system, work) for name, system in systems.items()}
    require_agreement(before)
    sizes = {kind: found.median_bytes for kind, found in zip(("Single", "Batch"), before[OURS], strict=True)}
    subjects = [*first(sizes), *(_subject(system, work, *before[name]) for name, system in systems.items())]
    todo = cells(subjects, plan)
    idle = idle_cpu_share([one.system for one in subjects])
    rounds = measure(todo, plan.rounds, scratch, say)
    say("checking answers again")
    after = {name: _samples(system, work) for name, system in systems.items()}
    require_agreement(after)
    live = {name: min(one.live_share for one in pair) for name, pair in before.items()}
    return Outcome(todo, rounds, live, least_agreement(before, after), sizes, idle)


def _samples(system: System, work: Workload) -> tuple[Sample, Sample]:
    return sample(system.address, work.singles), sample(system.address, work.batches)


def _subject(system: System, work: Workload, singles: Sample, batches: Sample) -> Subject:
    return Subject(system, weigh(work.single_files, singles.replies), weigh(work.batch_files, batches.replies))
