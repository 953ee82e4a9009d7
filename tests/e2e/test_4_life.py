"""Starts, refusals and ends of a platform, as the person at the terminal meets them."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from platform_process import Keeper, PlatformProcess


def _until(condition: Callable[[], bool]) -> None:
    """Wait for a state that must come; the test's own time limit is the only clock."""
    while not condition():
        time.sleep(0.05)


def test_a_second_up_is_refused_with_the_first_ones_process(platform: PlatformProcess) -> None:
    """One sentence, exit code 1, and the first one is untouched."""
    second = PlatformProcess(platform.home)
    assert second.wait()[0] == 1
    assert f"strata up already runs from {platform.home} (process {platform.process.pid})" in second.said
    assert platform.process.poll() is None


def test_a_port_in_use_is_named(platform: PlatformProcess, tmp_path: Path) -> None:
    """Another home on the same port is told which setting to change, before any work."""
    port = platform.addresses["grpc"].rpartition(":")[2]
    other = PlatformProcess(tmp_path / "home", environ={"STRATA_GATEWAY__PORT": port})
    code, said = other.wait()
    assert (code, other.stdout) == (1, [])
    assert f"127.0.0.1:{port} (gateway.port) cannot be used: address already in use" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly(keeper: Keeper, number: signal.Signals) -> None:
    """Exit code 0, one line on standard output in all, no process left, the port free; and it starts again."""
    platform = keeper.running()
    code, said = platform.stop(number)
    assert code == 0, said
    assert len(platform.stdout) == 1
    assert "Traceback" not in said
    assert platform.living() == []
    host, _, port = platform.addresses["grpc"].rpartition(":")
    with socket.create_server((host, int(port))):
        pass


def test_a_killed_supervisor_leaves_no_orphans(keeper: Keeper) -> None:
    """Kill -9 of `strata up` itself: its servers end by themselves and the next start simply works."""
    platform = keeper.running()
    platform.stop(signal.SIGKILL)
    _until(lambda: platform.living() == [])
    assert "preparing" not in keeper.running().said_so_far()


def test_a_truncated_state_is_a_sentence(keeper: Keeper) -> None:
    """No crash loop: the start ends with a sentence that says what to do, and mended it serves again."""
    with _spoilt(keeper.stopped() / "state" / "data.mdb", lambda content: content[:5000]):
        broken = PlatformProcess(keeper.home)
        code, said = broken.wait()
    assert (code, broken.stdout) == (1, [])
    assert "state" in said
    assert "Traceback" not in said
    assert broken.living() == []


def test_a_corrupt_package_is_a_sentence(keeper: Keeper) -> None:
    """A package whose file differs from its manifest is refused by name; nothing is left running."""
    folder = keeper.stopped() / "packages" / "value_tiers"
    version = (folder / "LATEST").read_text(encoding="utf-8").strip()
    with _spoilt(folder / version / "manifest.json", lambda content: content[:-20]):
        broken = PlatformProcess(keeper.home)
        code, said = broken.wait()
    assert (code, broken.stdout) == (1, [])
    assert "value_tiers" in said
    assert "Traceback" not in said
    assert broken.living() == []


@contextmanager
def _spoilt(path: Path, spoil: Callable[[bytes], bytes]) -> Iterator[None]:
    sound = path.read_bytes()
    path.write_bytes(spoil(sound))
    try:
        yield
    finally:
        path.write_bytes(sound)
