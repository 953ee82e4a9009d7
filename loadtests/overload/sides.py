"""What is put under load: the gateway with admission off, on, on with few streams a connection, and on behind HAProxy;
and on which core."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import grpc

from loadtests.bench.cores import pinned
from loadtests.bench.gateways import ROOT, await_live, start_gateway
from loadtests.bench.processes import await_ready, free_port, running
from loadtests.bench.systems import System
from strata.settings import Settings
from strata.v1.segmentation_pb2 import GetSegmentsRequest
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

CONFIGURATION = ROOT / "deploy" / "haproxy" / "haproxy.cfg"
KEPT = {"STRATA_GATEWAY__MAX_CONNECTION_AGE_S": "3600"}
"""No connection is asked to come again while it is measured."""
FEW_STREAMS = "8"
"""Per connection: 64 over the caller's eight, as many as may wait for Python."""


@dataclass(frozen=True)
class Side:
    """A gateway and the address callers use."""

    name: str
    address: str
    gateway: System


def start_sides(settings: Settings, user: str, scratch: Path, stack: ExitStack, cores: Collection[int]) -> list[Side]:
    """`off`, `admission`, `streams` and, where there is one, `haproxy`; ready when `user` is answered live.

    Gateways are pinned to `cores`.
    """
    told = {
        "off": KEPT | {"STRATA_GATEWAY__ADMISSION": "false"},
        "admission": KEPT,
        "streams": KEPT | {"STRATA_GATEWAY__MAX_CONCURRENT_STREAMS": FEW_STREAMS},
        "behind": KEPT,
    }
    with pinned(cores):
        gateways = {name: start_gateway(settings, name, scratch, stack, more=more) for name, more in told.items()}
    for name, gateway in gateways.items():
        await_live(gateway, user, scratch / f"gateway-{name}.log")
    sides = [Side(name, gateways[name].address, gateways[name]) for name in ("off", "admission", "streams")]
    if shutil.which("haproxy"):
        behind = gateways["behind"]
        sides.append(Side("haproxy", _start_haproxy(behind.address, user, scratch, stack), behind))
    return sides


def _start_haproxy(gateway: str, user: str, scratch: Path, stack: ExitStack) -> str:
    front, log = f"127.0.0.1:{free_port()}", scratch / "haproxy.log"
    command = ["haproxy", "-db", "-f", str(CONFIGURATION)]
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
