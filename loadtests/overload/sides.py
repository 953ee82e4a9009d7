"""What is put under load: the gateway with admission off, on, and on behind HAProxy; and on which core."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import grpc

from loadtests.bench.gateways import ROOT, await_live, start_gateway
from loadtests.bench.processes import await_ready, free_port, running
from loadtests.bench.systems import System
from strata.settings import Settings
from strata.v1.segmentation_pb2 import GetSegmentsRequest
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

CONFIGURATION = ROOT / "deploy" / "haproxy" / "haproxy.cfg"
KEPT = {"STRATA_GATEWAY__MAX_CONNECTION_AGE_S": "3600"}
"""No connection is asked to come again while it is measured."""


@dataclass(frozen=True)
class Side:
    """A gateway and the address callers use."""

    name: str
    address: str
    gateway: System


def start_sides(settings: Settings, user: str, scratch: Path, stack: ExitStack) -> list[Side]:
    """`off`, `admission` and, where there is one, `haproxy`; ready when `user` is answered live."""
    first = on_cores(_cores()[:1])
    told = {"off": KEPT | {"STRATA_GATEWAY__ADMISSION": "false"}, "admission": KEPT, "behind": KEPT}
    gateways = {
        name: start_gateway(settings, name, scratch, stack, more=more, before=first) for name, more in told.items()
    }
    for name, gateway in gateways.items():
        await_live(gateway, user, scratch / f"gateway-{name}.log")
    sides = [Side(name, gateways[name].address, gateways[name]) for name in ("off", "admission")]
    if shutil.which("haproxy"):
        behind = gateways["behind"]
        sides.append(Side("haproxy", _start_haproxy(behind.address, user, scratch, stack), behind))
    return sides


def on_cores(cores: list[int]) -> list[str]:
    """What to put before a command, so that it runs on these cores; nothing on a machine of one."""
    if len(_cores()) < 2 or not shutil.which("taskset"):
        return []
    return ["taskset", "-c", ",".join(map(str, cores))]


def others() -> list[str]:
    """The same for all that is not a gateway: its worker has the first core to itself, as in production."""
    return on_cores(_cores()[1:])


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def _start_haproxy(gateway: str, user: str, scratch: Path, stack: ExitStack) -> str:
    front, log = f"127.0.0.1:{free_port()}", scratch / "haproxy.log"
    command = [*others(), "haproxy", "-db", "-f", str(CONFIGURATION)]
    tree = stack.enter_context(running(command, log, {"STRATA_FRONT": front, "STRATA_GATEWAY": gateway}, ROOT))

    def passes() -> bool:
        with grpc.insecure_channel(front) as channel:
            stub = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
            try:
                stub.GetSegments(GetSegmentsRequest(user_id=user), timeout=2)
            except grpc.RpcError:
                return False
        return True

    await_ready("haproxy", passes, [tree], log)
    return front
