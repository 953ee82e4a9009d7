"""One bench from start to end: start everything, check answers, measure, check again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.agreement import least_agreement, require_agreement
from loadtests.bench.feature_reads import measure_reads, require_same_values
from loadtests.bench.gateways import await_live, shared_environ, start_gateways, start_redis_gateway
from loadtests.bench.h2load import Burst
from loadtests.bench.harvest import schema_of
from loadtests.bench.measure import Cell, Subject, cells, idle_cpu_share, measure
from loadtests.bench.peers import start_echo, start_glued
from loadtests.bench.plan import BATCH_USERS, Plan
from loadtests.bench.readers import ReaderOrder, ReaderProcess, start_readers
from loadtests.bench.readers import Sample as ReadSample
from loadtests.bench.redis_state import start_state
from loadtests.bench.scratch import make_scratch
from loadtests.bench.systems import System
from loadtests.bench.tools import require_tools
from loadtests.bench.workload import (
    Call,
    Sample,
    echo_calls,
    requests_for,
    sample,
    weigh,
    write_calls,
)
from loadtests.calls import Request, rotate
from strata.settings import Settings

Say = Callable[[str], None]
SHOWN = 200
"""Users whose features the readers are compared by."""


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
    idle_cpu_share: dict[str, float]
    """Per system, cores used before the load began."""
    reads: dict[tuple[str, int], list[ReadSample]]
    """By reader and users a read."""


def run_bench(settings: Settings, users: Sequence[str], plan: Plan, glued: bool, say: Say) -> Outcome:
    """Measure. Raises StrataError when a part cannot be started or answers wrongly."""
    require_tools("h2load", *(["redis-server"] if glued else []))
    scratch = make_scratch(settings)
    # Rotated once: the users of a quick run are not the first in the alphabet.
    turn = rotate(users, seed=1)
    order = [next(turn) for _ in users]
    work = _prepare(order, plan, scratch / "bodies")
    readers: list[ReaderProcess] = []
    with ExitStack() as stack:
        say("starting the gateways")
        url = ""
        systems = start_gateways(settings, scratch, stack)
        if glued:
            url, redis = start_state(settings, users, scratch, stack)
            systems["redis"] = start_redis_gateway(settings, url, redis, scratch, stack)
        for system in systems.values():
            await_live(system, order[0], scratch / f"gateway-{system.name}.log")
        if glued:
            say("reading everyone's features from the prediction log")
            schema = schema_of(settings, systems["embedded"], users, scratch)
            say("starting the glued stack")
            systems["glued"], environ = start_glued(schema, order[0], scratch, stack)
            orders = _reader_orders(settings, url, environ)
            readers = start_readers(orders, schema.features, order, scratch, stack)
            require_same_values(readers, order[:SHOWN])
        say("checking answers")
        samples = {name: _samples(system, work) for name, system in systems.items()}
        require_agreement(samples)
        subjects = [_subject(system, work, *samples[name]) for name, system in systems.items()]
        sizes = {"Single": samples["embedded"][0].median_bytes, "Batch": samples["embedded"][1].median_bytes}
        echo = start_echo(sizes, scratch, stack)
        subjects.insert(0, _echo_subject(echo, work, sizes))
        todo = cells(subjects, plan)
        idle = idle_cpu_share([one.system for one in subjects])
        rounds = measure(todo, plan.rounds, scratch, say)
        reads = measure_reads(readers, plan.rounds, plan.read_s, say) if readers else {}
        say("checking answers again")
        after = {name: _samples(system, work) for name, system in systems.items()}
        require_agreement(after)
    live = {name: min(one.live_share for one in pair) for name, pair in samples.items()}
    return Outcome(todo, rounds, live, least_agreement(samples, after), sizes, idle, reads)


def _prepare(users: list[str], plan: Plan, folder: Path) -> Workload:
    singles, batches = requests_for(users, min(plan.singles, len(users)), plan.batches, BATCH_USERS)
    return Workload(singles, batches, write_calls(singles, folder / "single"), write_calls(batches, folder / "batch"))


def _reader_orders(settings: Settings, url: str, glued: Mapping[str, str]) -> list[ReaderOrder]:
    """Ours on LMDB and on Redis, and stock Feast on the glued stack's Redis."""
    ours = shared_environ(settings, settings.home)
    return [
        ReaderOrder("lmdb", "loadtests.reads.ours", ours | {"STRATA_STATE_URL": ""}),
        ReaderOrder("redis", "loadtests.reads.ours", ours | {"STRATA_STATE_URL": url}),
        ReaderOrder("feast", "loadtests.peers.glued.reads", glued),
    ]


def _samples(system: System, work: Workload) -> tuple[Sample, Sample]:
    return sample(system.address, work.singles), sample(system.address, work.batches)


def _subject(system: System, work: Workload, singles: Sample, batches: Sample) -> Subject:
    return Subject(system, weigh(work.single_files, singles.replies), weigh(work.batch_files, batches.replies))


def _echo_subject(echo: System, work: Workload, sizes: dict[str, int]) -> Subject:
    singles = echo_calls(work.single_files, "Single", sizes["Single"])
    return Subject(echo, singles, echo_calls(work.batch_files, "Batch", sizes["Batch"]))
