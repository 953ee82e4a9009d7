"""The rounds: each kind of read on every size in turn, then calls to each size's gateway."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from loadtests.bench.cores import allowed_cores, pinned
from loadtests.bench.gateways import await_live, shared_environ, start_gateway
from loadtests.bench.processes import cpu_s
from loadtests.bench.readers import ReaderOrder, ReaderProcess
from loadtests.bench.systems import System
from loadtests.bench.workload import requests_for, sample
from loadtests.many_users.names import draw, user_name
from loadtests.many_users.plan import READS, Plan, ReadKind
from loadtests.many_users.stores import Store
from loadtests.overload.caller import Order
from loadtests.overload.calling import call
from strata.runtime import find_package, load_package
from strata.settings import Settings

READER: Final = "loadtests.many_users.reader"
CALLED_USERS: Final = 5_000
"""Drawn for each load of calls: more than a lone caller asks about in it, so that none is asked about twice."""
DEADLINE_S: Final = 5.0
KEPT: Final = {"STRATA_GATEWAY__MAX_CONNECTION_AGE_S": "3600"}
Found = dict[str, float]
"""What `loadtests.reads.loop.timed` found."""


class Calls(NamedTuple):
    """One load of single GetSegments calls by a lone caller."""

    times_s: list[float]
    failed: int
    server_cpu_s: float


@dataclass
class Subject:
    """A store, its reader and its gateway, and what the rounds found."""

    store: Store
    reader: ReaderProcess
    gateway: System
    live_share: float = 0.0
    cached_before: int = 0
    cached_after: int = 0
    reads: dict[ReadKind, list[Found]] = field(default_factory=lambda: {kind: [] for kind in READS})
    calls: list[Calls] = field(default_factory=list)


def segmenter_features(settings: Settings) -> list[str]:
    """What the gateway reads of a user: the `view:feature` columns of every segmenter's package, each once."""
    found: dict[str, None] = {}
    for name, one in settings.segmenters.items():
        package = load_package(find_package(settings.packages, name, one.version))
        found.update(dict.fromkeys(feature.key for feature in package.manifest.features))
    return list(found)


def start_subjects(stores: Sequence[Store], features: Sequence[str], folder: Path, stack: ExitStack) -> list[Subject]:
    """A reader and a gateway of one worker over each store, when it answers live."""
    subjects = []
    for store in stores:
        with pinned(allowed_cores()[:1]):
            gateway = start_gateway(
                store.settings, store.name, folder, stack, more={"STRATA_STATE_URL": store.url} | KEPT
            )
        gateway = replace(gateway, trees=(*gateway.trees, *store.servers))
        subjects.append(Subject(store, _start_reader(store, features, folder, stack), gateway))
    for subject in subjects:
        await_live(subject.gateway, user_name(0), folder / f"gateway-{subject.store.name}.log")
    return subjects


def measure(subjects: Sequence[Subject], plan: Plan, tell: Callable[[str], None]) -> None:
    """Check answers, then fill in each subject's reads and calls: one per round, after an unmeasured one."""
    seeds = iter(np.random.SeedSequence(1).generate_state(1 << 16).tolist())
    for subject in subjects:
        tell(f"checking {subject.store.name}")
        subject.live_share = _live_share(subject, plan, next(seeds))
        subject.cached_before = subject.store.memory_bytes()
    for number in range(plan.rounds + 1):
        for kind in READS:
            for subject in subjects:
                tell(f"round {number}: {subject.store.name}, {kind.pattern}, {kind.users}")
                found = subject.reader.ask({**kind._asdict(), "seconds": plan.read_s, "seed": next(seeds)})
                subject.reads[kind] += [found] if number else []
        for subject in subjects:
            tell(f"round {number}: {subject.store.name}, GetSegments")
            found_calls = _call(subject, plan, seeds)
            subject.calls += [found_calls] if number else []
    for subject in subjects:
        subject.cached_after = subject.store.memory_bytes()


def steps(plan: Plan, sizes: int) -> int:
    """How often `measure` tells."""
    return sizes * (1 + (plan.rounds + 1) * (len(READS) + 1))


def _start_reader(store: Store, features: Sequence[str], folder: Path, stack: ExitStack) -> ReaderProcess:
    told = folder / f"reader-{store.name}.json"
    told.write_text(json.dumps({"features": list(features), "users": store.users}), encoding="utf-8")
    environ = shared_environ(store.settings, store.settings.home) | {"STRATA_STATE_URL": store.url}
    reader = ReaderProcess(ReaderOrder(store.name, READER, environ), told, folder / f"reader-{store.name}.log")
    stack.callback(reader.close)
    return reader


def _live_share(subject: Subject, plan: Plan, seed: int) -> float:
    """Of real calls through a stub, each reply checked. Raises ReplyWrong."""
    users = draw("uniform", subject.store.users, plan.checked, np.random.default_rng(seed))
    alone, _ = requests_for(users, len(users), 0, 1)
    return sample(subject.gateway.address, alone).live_share


def _call(subject: Subject, plan: Plan, seeds: Iterator[Any]) -> Calls:
    users = draw("uniform", subject.store.users, CALLED_USERS, np.random.default_rng(next(seeds)))
    order = Order(
        subject.gateway.address, users, [(0.0, plan.call_s)], callers=1, connections=1, deadline_s=DEADLINE_S
    )  # fmt: skip
    began_s = cpu_s(subject.gateway.trees)
    with pinned(allowed_cores()[1:]):
        tally = call(order)
    spent_s = cpu_s(subject.gateway.trees) - began_s
    slices = tally.slices.values()
    failed = sum(count for one in slices for count in one.ends.values())
    return Calls([one for each in slices for one in each.good_s], failed, spent_s)
