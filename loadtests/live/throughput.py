"""Events a second through door, log and fold, with durability on; a rebuild's rate; the stock way beside them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from loadtests.bench.processes import cpu_s, machine_busy_s
from loadtests.live.counted import CountedState
from loadtests.live.loading import LoadProcess, load
from loadtests.live.many_histories import multiply
from loadtests.live.places import ROOT, Place, make_place
from loadtests.live.pushing import Pushed, lacks_redis, pusher
from loadtests.live.servers import Broker, Redis, Server, Stream
from strata.errors import StrataError
from strata.registry import read_catalog
from strata.settings import Settings

Say = Callable[[str], None]
COUNTED_S: Final = 120.0


@dataclass(frozen=True)
class Plan:
    """How much of what."""

    rounds: int
    events: int
    """Per publisher and round."""
    publishers: int
    batch: int
    users: int
    pushed_rows: int
    """Per round."""
    log: str
    state: str
    backfill: bool
    copies: int = 4
    """How often the prepared history is in the large one; 0 leaves that out."""


@dataclass(frozen=True)
class Burst:
    """One round of live events."""

    events: int
    seconds: float
    """Until everything was counted."""
    acknowledged_s: float
    """Until everything was acknowledged."""
    cpu_s: float
    """Of the stream process."""
    store_cpu_s: float
    """Of the broker and of Redis, where there are any."""
    publisher_cpu_s: float
    other_cpu_share: float
    """Cores the machine spent on anything else."""
    p99_ms: float
    """From a batch's sending to its acknowledgement, at this pressure."""


@dataclass(frozen=True)
class Backfill:
    """One rebuild of every table."""

    events: int
    seconds: float
    """Of the command, start of Python included."""
    building_s: float
    """Of the builds alone, as the command reports them."""
    cpu_s: float


@dataclass
class Outcome:
    """Everything measured, a value per round."""

    live: list[Burst] = field(default_factory=list)
    pushed: list[Pushed] = field(default_factory=list)
    backfills: list[Backfill] = field(default_factory=list)
    large_backfills: list[Backfill] = field(default_factory=list)
    """Of the prepared history `Plan.copies` times."""


def measure_throughput(settings: Settings, plan: Plan, folder: Path, say: Say) -> Outcome:
    """Interleaved rounds in a scratch home. Raises StrataError when a part does not start or breaks."""
    place = make_place(settings, folder, log=plan.log, state=plan.state)
    outcome = Outcome()
    with ExitStack() as stack:
        kinds: list[tuple[bool, Any]] = [
            (plan.state == "redis", Redis), (plan.log == "kafka", Broker), (True, Stream),
        ]  # fmt: skip
        servers: list[Server] = [stack.enter_context(make(place)) for wanted, make in kinds if wanted]
        counted = CountedState(place.home / "registry.db", place.state_address)
        stack.callback(counted.close)
        peer = None
        if not lacks_redis():
            say("making rows for Feast's push")
            size = {"rows": plan.pushed_rows, "batch": plan.batch, "users": plan.users}
            peer = stack.enter_context(pusher(read_catalog(settings.registry), folder, **size))
        for number in range(-1, plan.rounds):
            name = "warming" if number < 0 else f"round {number + 1} of {plan.rounds}"
            say(f"{name}: live events")
            burst = _live(plan, place, servers, counted, number)
            say(f"{name}: Feast's push")
            pushed = peer.burst() if peer is not None else None
            if number >= 0:
                outcome.live.append(burst)
                outcome.pushed += [pushed] if pushed is not None else []
    if plan.backfill:
        for number in range(plan.rounds):
            say(f"round {number + 1} of {plan.rounds}: backfill")
            outcome.backfills.append(backfill(settings, settings.history, folder / f"backfill-{number}"))
        if plan.copies:
            outcome.large_backfills = _large_backfills(settings, plan, folder, say)
    return outcome


def _live(plan: Plan, place: Place, servers: list[Server], counted: CountedState, number: int) -> Burst:
    events = plan.events if number >= 0 else max(plan.batch, plan.events // 4)
    with ExitStack() as stack:
        loads: list[LoadProcess] = [
            stack.enter_context(
                load(
                    f"127.0.0.1:{place.stream_port}", events=events, batch=plan.batch, rate=None, users=plan.users,
                    seed=1_000 * (number + 2) + i,
                )
            )
            for i in range(plan.publishers)
        ]  # fmt: skip
        trees = [psutil.Process(server.pid) for server in servers]
        before = [cpu_s([tree]) for tree in trees]
        busy_s, began_s = machine_busy_s(), time.monotonic()
        for one in loads:
            one.go()
        results = [one.result() for one in loads]
        acknowledged_s = time.monotonic() - began_s
        seen_s = began_s
        for result in results:
            if result["refused"]:
                raise StrataError(f"{result['refused']} events of the load were refused")
            at_s = counted.await_counted(result["newest_users"], result["newest_us"], COUNTED_S)
            if at_s is None:
                raise StrataError(f"what was acknowledged was not counted within {COUNTED_S:.0f} s")
            seen_s = max(seen_s, at_s)
        seconds = seen_s - began_s
        spent = [cpu_s([tree]) - was for tree, was in zip(trees, before, strict=True)]
        other_s = machine_busy_s() - busy_s - sum(spent) - sum(one["cpu_s"] for one in results)
    return Burst(
        events=sum(one["events"] for one in results),
        seconds=seconds,
        acknowledged_s=acknowledged_s,
        cpu_s=spent[-1],
        store_cpu_s=sum(spent[:-1]),
        publisher_cpu_s=sum(one["cpu_s"] for one in results),
        other_cpu_share=max(0.0, other_s / seconds),
        p99_ms=max(one["p99_ms"] for one in results),
    )


def _large_backfills(settings: Settings, plan: Plan, folder: Path, say: Say) -> list[Backfill]:
    say(f"writing the history {plan.copies} times")
    large = folder / "large-history"
    multiply(settings.history, large, plan.copies)
    found = []
    for number in range(min(plan.rounds, 3)):
        say(f"round {number + 1}: backfill of the history {plan.copies} times")
        found.append(backfill(settings, large, folder / f"large-backfill-{number}"))
    return found


def backfill(settings: Settings, history: Path, folder: Path) -> Backfill:
    """`strata features materialize` over a history into a state of its own."""
    folder.mkdir()
    place = make_place(settings, folder, log="embedded", state="lmdb")
    (place.home / "history").symlink_to(history.resolve())
    result = folder / "built.json"
    environ = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_")} | place.told()
    environ |= {"STRATA_CLOCK__MODE": settings.clock.mode}
    began_s, before = time.monotonic(), os.times()
    done = subprocess.run(
        [sys.executable, "-m", "strata.command", "features", "materialize", "--json", str(result)],
        capture_output=True, text=True, check=False, cwd=ROOT, env=environ,
    )  # fmt: skip
    seconds, after = time.monotonic() - began_s, os.times()
    if done.returncode:
        raise StrataError(f"the backfill ended with {done.returncode}: {done.stderr.strip()[-600:]}")
    building_s = sum(one["seconds"] for one in json.loads(result.read_text(encoding="utf-8"))["views"])
    used_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Backfill(_history_rows(history), seconds, building_s, used_s)


def _history_rows(history: Path) -> int:
    import pyarrow.parquet as pq

    return sum(pq.read_metadata(path).num_rows for path in history.glob("events/month=*/*.parquet"))
