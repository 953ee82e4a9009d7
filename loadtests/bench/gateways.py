"""Our own systems: the gateway with every segmenter embedded, and with one in a Bento."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import grpc
import psutil

from loadtests.bench.processes import await_ready, free_port, running
from loadtests.bench.scratch import make_home
from loadtests.bench.systems import SEGMENTER, System
from strata.clock import system_us
from strata.settings import Settings
from strata.v1.segmentation_pb2 import ASSIGNMENT_SOURCE_LIVE, GetSegmentsRequest
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

ROOT = Path(__file__).resolve().parents[2]
EMPTY: Mapping[str, str] = MappingProxyType({})


def remote_segmenter(settings: Settings) -> str:
    """The segmenter the settings place in a Bento, or the last one when they place none there."""
    remote = [name for name, one in settings.segmenters.items() if one.placement == "remote"]
    return remote[0] if remote else list(settings.segmenters)[-1]


def start_gateways(settings: Settings, scratch: Path, stack: ExitStack) -> dict[str, System]:
    """`embedded` and `remote`, each with one worker; they start together. Ready is for `await_live`."""
    bento = start_bento(settings, scratch, stack)
    return {
        "embedded": start_gateway(settings, "embedded", scratch, stack, more={}),
        "remote": start_remote_gateway(settings, "remote", bento, scratch, stack, more={}),
    }


def start_bento(settings: Settings, scratch: Path, stack: ExitStack) -> System:
    """The remote segmenter in a Bento server of one worker: `SegmenterService`. Not yet awaited."""
    home = make_home(settings, scratch / "bento" / "home")
    segmenter = remote_segmenter(settings)
    environ = _environ(settings, home, segmenter)
    tree = _strata(stack, "bento-remote", ("bento", "serve", segmenter), scratch, environ)
    return System("bento", f"127.0.0.1:{environ['STRATA_BENTO__GRPC_PORT']}", (tree,), SEGMENTER)


def start_remote_gateway(
    settings: Settings, name: str, bento: System, scratch: Path, stack: ExitStack, *, more: Mapping[str, str]
) -> System:
    """A gateway of one worker that asks `bento` for one segmenter, told `more`; both processes are the system's."""
    segmenter = remote_segmenter(settings)
    placed = {
        f"STRATA_SEGMENTERS__{segmenter.upper()}__PLACEMENT": "remote",
        "STRATA_BENTO__GRPC_PORT": bento.address.rpartition(":")[2],
    }
    gateway = start_gateway(settings, name, scratch, stack, more={**placed, **more})
    return replace(gateway, trees=(*bento.trees, *gateway.trees))


def start_gateway(settings: Settings, name: str, scratch: Path, stack: ExitStack, *, more: Mapping[str, str]) -> System:
    """A gateway of one worker, every segmenter embedded, told `more`."""
    home = make_home(settings, scratch / name / "home")
    environ = {**_environ(settings, home, None), **more}
    tree = _strata(stack, f"gateway-{name}", ("serve",), scratch, environ)
    return System(name, f"127.0.0.1:{environ['STRATA_GATEWAY__PORT']}", (tree,))


def start_redis_gateway(
    settings: Settings,
    url: str,
    redis: psutil.Process,
    scratch: Path,
    stack: ExitStack,
    *,
    more: Mapping[str, str] = EMPTY,
) -> System:
    """`redis`: every segmenter embedded, the online state in a Redis, whose CPU is the system's too."""
    gateway = start_gateway(settings, "redis", scratch, stack, more={"STRATA_STATE_URL": url, **more})
    return replace(gateway, trees=(*gateway.trees, redis))


def shared_environ(settings: Settings, home: Path) -> dict[str, str]:
    """What any process of ours is told, so that all of them have one home and one clock.

    A replayed clock runs at the machine's speed, whatever the settings say: at the demonstration's 20 the windows move
    on by hours while a bench runs, and the glued stack, which serves what it was loaded with, no longer agrees.
    """
    origin = {} if settings.clock.mode == "system" else {"STRATA_CLOCK__ORIGIN_US": str(system_us())}
    return origin | {
        "STRATA_HOME": str(home),
        "STRATA_REPO": str(settings.repo),
        "STRATA_CLOCK__MODE": settings.clock.mode,
        "STRATA_CLOCK__SPEED": "1",
        "DO_NOT_TRACK": "1",
    }


def _environ(settings: Settings, home: Path, remote: str | None) -> dict[str, str]:
    ports = ("GATEWAY__PORT", "GATEWAY__METRICS_PORT", "BENTO__HTTP_PORT", "BENTO__GRPC_PORT")
    placements = {
        f"STRATA_SEGMENTERS__{name.upper()}__PLACEMENT": "remote" if name == remote else "embedded"
        for name in settings.segmenters
    }
    versions = {f"STRATA_SEGMENTERS__{name.upper()}__VERSION": one.version for name, one in settings.segmenters.items()}
    fixed = {
        "STRATA_GATEWAY__WORKERS": "1",
        "BENTOML_HOME": str(home / settings.bentoml_home.name),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    return (
        shared_environ(settings, home)
        | {f"STRATA_{key}": str(free_port()) for key in ports}
        | placements
        | versions
        | fixed
    )


def _strata(
    stack: ExitStack, name: str, words: tuple[str, ...], scratch: Path, environ: dict[str, str]
) -> psutil.Process:
    command = [sys.executable, "-m", "strata.command", *words]
    return stack.enter_context(running(command, scratch / f"{name}.log", environ, ROOT))


def await_live(system: System, user: str, log: Path) -> None:
    """Wait until every segmenter answers `user` live. Raises StrataError with the end of the log."""

    def live() -> bool:
        with grpc.insecure_channel(system.address) as channel:
            stub = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
            try:
                reply = stub.GetSegments(GetSegmentsRequest(user_id=user), timeout=2)
            except grpc.RpcError:
                return False
        sources = [one.source for one in reply.assignments]
        return bool(sources) and all(source == ASSIGNMENT_SOURCE_LIVE for source in sources)

    await_ready(system.name, live, system.trees, log)
