"""What load is offered to: the echo, the gateway on LMDB and on Redis, the glued stack; all on the first core."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.gateways import await_live, start_gateway, start_redis_gateway
from loadtests.bench.harvest import schema_of
from loadtests.bench.peers import start_echo, start_glued
from loadtests.bench.redis_state import start_state
from loadtests.bench.systems import System
from loadtests.bench.tools import require_tools
from loadtests.bench.workload import sample
from loadtests.overload.caller import Order
from loadtests.overload.sides import KEPT
from loadtests.peers.echo import sized
from strata.settings import Settings
from strata.v1.segmentation_pb2 import GetSegmentsRequest

SAMPLED = 500
"""Users whose replies are checked, and whose middle one decides what the echo's weighs."""


@dataclass(frozen=True)
class Side:
    """A system, and how its right answers are known."""

    system: System
    method: str = "GetSegments"
    reply_bytes: int = 0
    """What each right answer weighs; 0: it repeats the question."""

    def order(self, users: Sequence[str], phase: tuple[float, float], deadline_s: float, callers: int) -> Order:
        """Calls of this side, every one sent when it is due."""
        path = f"/{self.system.service}/{self.method}"
        return Order(
            self.system.address, users, [phase], callers, deadline_s=deadline_s, method=path,
            reply_bytes=self.reply_bytes, spin=True,
        )  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """Sides beside the echo and `embedded`."""

    redis: bool = True
    """Where there is a redis-server."""
    glued: bool = False


def start_sides(
    settings: Settings, users: Sequence[str], wanted: Wanted, scratch: Path, stack: ExitStack
) -> list[Side]:
    """All of them ready, every reply of a sample right. Raises StrataError or ReplyWrong."""
    systems = [start_gateway(settings, "embedded", scratch, stack, more=KEPT)]
    if wanted.redis and shutil.which("redis-server"):
        url, redis = start_state(settings, users, scratch, stack)
        systems.append(start_redis_gateway(settings, url, redis, scratch, stack, more=KEPT))
    for system in systems:
        await_live(system, users[0], scratch / f"gateway-{system.name}.log")
    if wanted.glued:
        require_tools("redis-server")
        systems.append(start_glued(schema_of(settings, systems[0], users, scratch), users[0], scratch, stack)[0])
    requests = [GetSegmentsRequest(user_id=user) for user in users[:SAMPLED]]
    samples = [sample(system.address, requests) for system in systems]
    return [_echo_side(samples[0].median_bytes, scratch, stack), *map(Side, systems)]


def _echo_side(reply_bytes: int, scratch: Path, stack: ExitStack) -> Side:
    system = start_echo({"Single": reply_bytes}, scratch, stack)
    return Side(system, "Single", sized(reply_bytes).ByteSize())
