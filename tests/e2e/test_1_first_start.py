"""From an empty home to the first live answer. Runs first: the other files use the home it prepares."""

from __future__ import annotations

import re
import signal
import time

import pytest
from platform_process import Keeper, PlatformProcess
from reflecting_client import ReflectingClient

READY = re.compile(r"ready grpc=127\.0\.0\.1:\d+ metrics=127\.0\.0\.1:\d+ reports=127\.0\.0\.1:\d+\n")


@pytest.mark.timeout(600)
def test_a_killed_first_run_is_taken_up_where_it_stopped(keeper: Keeper) -> None:
    """Kill -9 during preparation leaves no process, and the next run repeats only what had not ended."""
    first = PlatformProcess(keeper.stopped())
    stamps = keeper.home / "run" / "prepared.json"
    while first.process.poll() is None and not stamps.exists():
        time.sleep(0.05)
    first.stop(signal.SIGKILL)
    again = PlatformProcess(keeper.home, "--prepare-only")
    code, said = again.wait()
    assert code == 0, said
    assert re.search(r"preparing .* \([1-5] of 6 steps; clock replay:2017-12-01T05:00:00Z\)", said)
    assert again.stdout == []
    assert again.living() == []


def test_one_ready_line_and_live_answers(keeper: Keeper) -> None:
    """The first thing printed is the ready line, and once it is there both segmenters answer live."""
    platform = keeper.running()
    assert READY.fullmatch(platform.stdout[0])
    client = ReflectingClient(platform.addresses["grpc"])
    sources = {name: one["source"] for name, one in client.segments("1").items()}
    client.close()
    assert sources == {"value_tiers": "ASSIGNMENT_SOURCE_LIVE", "promo_responder": "ASSIGNMENT_SOURCE_LIVE"}
