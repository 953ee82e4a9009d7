"""Kill -9 of a server under a platform that goes on serving."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from platform_process import PlatformProcess
from reflecting_client import ReflectingClient

from strata.processes.orphans import CHILD_VARIABLE, find_marked

LIVE = "ASSIGNMENT_SOURCE_LIVE"


def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.05)


def _processes(platform: PlatformProcess, child: str) -> list[int]:
    living = set(platform.living())
    return [pid for pid in find_marked(CHILD_VARIABLE, child) if pid in living]


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1])


@pytest.fixture
def fresh_client(platform: PlatformProcess) -> Iterator[Callable[[], ReflectingClient]]:
    """Clients on connections of their own."""
    made: list[ReflectingClient] = []

    def make() -> ReflectingClient:
        made.append(ReflectingClient(platform.addresses["grpc"]))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_dead_bento_server_degrades_its_segmenter_only(
    platform: PlatformProcess, fresh_client: Callable[[], ReflectingClient]
) -> None:
    """value_tiers stays live; promo_responder is marked until its server is back, and every call is answered."""
    client = fresh_client()
    gateway = set(_processes(platform, "gateway"))
    assert client.segments("7")["promo_responder"]["source"] == LIVE
    for pid in _processes(platform, "bento"):
        os.kill(pid, signal.SIGKILL)
    seen = []

    def back() -> bool:
        answers = client.segments("7")
        assert answers["value_tiers"]["source"] == LIVE
        seen.append(answers["promo_responder"]["source"])
        return seen[-1] == LIVE and len(set(seen)) > 1

    _until(back)
    assert set(seen) <= {LIVE, "ASSIGNMENT_SOURCE_LAST_KNOWN", "ASSIGNMENT_SOURCE_FALLBACK"}
    assert gateway <= set(_processes(platform, "gateway"))


def test_a_dead_gateway_worker_is_replaced(
    platform: PlatformProcess, fresh_client: Callable[[], ReflectingClient]
) -> None:
    """New connections are answered throughout, and there are as many workers as before in the end."""
    before = _processes(platform, "gateway")
    workers = [pid for pid in before if _parent(pid) in before]
    assert workers
    os.kill(workers[0], signal.SIGKILL)

    def replaced() -> bool:
        now = _processes(platform, "gateway")
        return workers[0] not in now and len(now) == len(before)

    _until(replaced)
    assert fresh_client().segments("7")["value_tiers"]["source"] == LIVE
