"""Run Locust as a process of its own: gevent's patches stay in there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grpc

from loadtests.budget import Profile
from loadtests.measured import Measured, read_measured
from loadtests.plan import Plan
from strata.errors import InputInvalid, StrataError
from strata.v1.segmentation_pb2 import ListSegmentersRequest
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
START_S = 30.0
"""Locust's own start and end, which the run's length does not include."""


@dataclass(frozen=True)
class Load:
    """What to offer to whom."""

    target: str
    profile: Profile
    users: list[str]
    seed: int
    html: Path


def list_versions(target: str, timeout_s: float = 5.0) -> dict[str, str]:
    """The segmenters served at `target` and their versions. Raises InputInvalid when nobody answers there."""
    with grpc.insecure_channel(target) as channel:
        try:
            stub = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
            listing = stub.ListSegmenters(ListSegmentersRequest(), timeout=timeout_s)
        except grpc.RpcError as error:
            raise InputInvalid(
                f"no gateway answers at {target} ({error.code().name}); start one with `strata up`, "
                "or name another with --target HOST:PORT"
            ) from error
    if not listing.segmenters:
        raise InputInvalid(f"the gateway at {target} serves no segmenter; train one (strata train NAME)")
    return {one.name: one.version for one in listing.segmenters}


def run_locust(load: Load, on_tick: Callable[[float], None] = lambda _: None) -> Measured:
    """Offer the load and return what was measured; `on_tick` hears the seconds passed.

    Raises StrataError with the end of Locust's own words when it ended without a result.
    """
    load.html.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="strata-loadtest-") as folder:
        result, plan, log = (Path(folder) / name for name in ("result.json", "plan.json", "locust.log"))
        Plan(load.target, load.profile, load.users, load.seed, result).write(plan)
        with log.open("wb") as words:
            process = subprocess.Popen(_command(load, plan), stdout=words, stderr=subprocess.STDOUT)
        _wait(process, load.profile, on_tick)
        if not result.is_file():
            raise StrataError(f"Locust ended without a result:\n{_tail(log)}")
        return read_measured(result)


def _command(load: Load, plan: Path) -> list[str]:
    backstop_s = int(load.profile.warmup_s + load.profile.duration_s + START_S)
    return [
        *(sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary"),
        *("--users", "1", "--run-time", f"{backstop_s}s", "--exit-code-on-error", "0"),
        *("--loglevel", "WARNING", "--html", str(load.html), "--plan", str(plan)),
    ]


def _wait(process: subprocess.Popen[bytes], profile: Profile, on_tick: Callable[[float], None]) -> None:
    start = time.monotonic()
    limit_s = profile.warmup_s + profile.duration_s + 2 * START_S
    try:
        while process.poll() is None and time.monotonic() - start < limit_s:
            on_tick(time.monotonic() - start)
            time.sleep(0.1)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
