"""Our own systems in a comparison: gateways embedded and remote, on LMDB and on Redis, and the Bento server alone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from loadtests.bench.gateways import (
    await_live,
    start_bento,
    start_gateway,
    start_redis_gateway,
    start_remote_gateway,
)
from loadtests.bench.redis_state import start_state
from loadtests.bench.systems import System
from loadtests.bench.workload import Call, Sample, requests_for, sample, weigh, write_calls
from loadtests.calls import Request
from loadtests.comparison.cells import BATCHES, SINGLE
from loadtests.comparison.claims import EMBEDDED, OUR_MODEL, REMOTE, REMOTE_REDIS
from loadtests.comparison.plan import PeerPlan
from strata.settings import Settings

Questions = dict[str, list[Request]]
"""Calls of SegmentationService, by kind."""


def start_ours(
    settings: Settings, users: Sequence[str], scratch: Path, stack: ExitStack, *, redis: bool
) -> tuple[dict[str, System], System]:
    """The gateways, answering live, and the Bento server that the remote ones share; without `redis` two of them."""
    bento = start_bento(settings, scratch, stack)
    found = {
        EMBEDDED: start_gateway(settings, EMBEDDED, scratch, stack, more={}),
        REMOTE: start_remote_gateway(settings, REMOTE, bento, scratch, stack, more={}),
    }
    if redis:
        url, store = start_state(settings, users, scratch, stack)
        found["redis"] = start_redis_gateway(settings, url, store, scratch, stack)
        on_redis = {"STRATA_STATE_URL": url}
        remote = start_remote_gateway(settings, REMOTE_REDIS, bento, scratch, stack, more=on_redis)
        found[REMOTE_REDIS] = replace(remote, trees=(*remote.trees, store))
    for system in found.values():
        await_live(system, users[0], scratch / f"gateway-{system.name}.log")
    return found, replace(bento, name=OUR_MODEL)


def questions(users: Sequence[str], plan: PeerPlan) -> Questions:
    """What gateways are asked: one user, and batches of each size."""
    asked: Questions = {SINGLE: requests_for(users, plan.bodies(1), 0, 1)[0]}
    for size, kind in BATCHES.items():
        asked[kind] = requests_for(users, 0, plan.bodies(size), size)[1]
    return asked


def write_questions(asked: Questions, folder: Path) -> dict[str, list[Call]]:
    """The questions as files, by kind; not weighed."""
    return {kind: write_calls(requests, folder / (kind.strip() or "single")) for kind, requests in asked.items()}


def samples_of(system: System, asked: Questions) -> dict[str, Sample]:
    """Right replies to each question. Raises ReplyWrong or grpc.RpcError."""
    return {kind: sample(system.address, requests) for kind, requests in asked.items()}


def weighed(files: dict[str, list[Call]], samples: dict[str, Sample]) -> dict[str, list[Call]]:
    """The questions with what right replies of one system weigh."""
    return {kind: weigh(files[kind], samples[kind].replies) for kind in files}
