"""One bench from start to end: start everything, check answers, measure, check again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

from loadtests.bench.checked import Outcome, Say, Workload, measure_checked, prepare
from loadtests.bench.feature_reads import measure_reads, require_same_values
from loadtests.bench.gateways import await_live, shared_environ, start_gateways, start_redis_gateway
from loadtests.bench.harvest import schema_of
from loadtests.bench.measure import Subject
from loadtests.bench.peers import start_echo, start_glued
from loadtests.bench.plan import Plan
from loadtests.bench.readers import ReaderOrder, ReaderProcess, start_readers
from loadtests.bench.redis_state import start_state
from loadtests.bench.scratch import make_scratch
from loadtests.bench.systems import System
from loadtests.bench.tools import require_tools
from loadtests.bench.workload import echo_calls
from loadtests.calls import rotate
from strata.settings import Settings

SHOWN = 200
"""Users whose features the readers are compared by."""


def run_bench(settings: Settings, users: Sequence[str], plan: Plan, glued: bool, say: Say) -> Outcome:
    """Measure. Raises StrataError when a part cannot be started or answers wrongly."""
    require_tools("h2load", *(["redis-server"] if glued else []))
    scratch = make_scratch(settings)
    # Rotated once: the users of a quick run are not the first in the alphabet.
    turn = rotate(users, seed=1)
    order = [next(turn) for _ in users]
    work = prepare(order, plan, scratch / "bodies")
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

        def echo(sizes: dict[str, int]) -> list[Subject]:
            return [_echo_subject(start_echo(sizes, scratch, stack), work, sizes)]

        outcome = measure_checked(systems, work, plan, scratch, say, first=echo)
        reads = measure_reads(readers, plan.rounds, plan.read_s, say) if readers else {}
    return replace(outcome, reads=reads)


def _reader_orders(settings: Settings, url: str, glued: Mapping[str, str]) -> list[ReaderOrder]:
    """Ours on LMDB and on Redis, and stock Feast on the glued stack's Redis."""
    ours = shared_environ(settings, settings.home)
    return [
        ReaderOrder("lmdb", "loadtests.reads.ours", ours | {"STRATA_STATE_URL": ""}),
        ReaderOrder("redis", "loadtests.reads.ours", ours | {"STRATA_STATE_URL": url}),
        ReaderOrder("feast", "loadtests.peers.glued.reads", glued),
    ]


def _echo_subject(echo: System, work: Workload, sizes: dict[str, int]) -> Subject:
    singles = echo_calls(work.single_files, "Single", sizes["Single"])
    return Subject(echo, singles, echo_calls(work.batch_files, "Batch", sizes["Batch"]))
