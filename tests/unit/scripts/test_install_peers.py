"""What the installer of peers does where nothing can be installed, and where all is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.peers import places
from strata.processes import environments

SCRIPT = Path(__file__).parents[3] / "scripts" / "install_peers.py"


class Machine:
    """A PATH and a cache of its own; only what a test puts on the PATH is found."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.cache = folder / "bin", folder / "cache"
        self.bin.mkdir()

    def command(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "PATH": str(self.bin), "XDG_CACHE_HOME": str(self.cache)}
        command = [sys.executable, str(SCRIPT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environ, check=False)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(found.cache))
    return found


def test_each_way_not_to_compile_is_a_sentence(machine: Machine) -> None:
    """No compiler, no library, a source it does not take; nothing half made is left, and the next run tries again."""
    done = machine.run("echo_cpp")
    assert (done.returncode, "there is no C++ compiler; run scripts/install_tools.sh g++" in done.stdout) == (1, True)
    machine.command("g++", 'echo "words of g++" >&2; exit 1')
    done = machine.run("echo_cpp")
    assert (done.returncode, "run scripts/install_tools.sh grpc++" in done.stdout) == (1, True)
    machine.command("pkg-config", "exit 0")
    done = machine.run("echo_cpp")
    assert (done.returncode, "it does not compile: words of g++" in done.stdout) == (1, True)
    assert not places.place("echo_cpp").exists()
    machine.command("g++", "exit 0")
    assert machine.run("echo_cpp").returncode == 0
    assert places.lacking("echo_cpp") == ""


def test_nothing_is_done_where_all_is_there(machine: Machine) -> None:
    for name in places.SOURCES:
        places.place(name).mkdir(parents=True)
        (places.place(name) / environments.COMPLETE).touch()
    done = machine.run()
    assert (done.returncode, done.stdout.splitlines()) == (
        0,
        [f"peers: {name} is installed" for name in places.SOURCES],
    )


def test_a_peer_nobody_knows_is_named(machine: Machine) -> None:
    done = machine.run("triton")
    assert (done.returncode, "there is no peer called triton here" in done.stderr) == (2, True)


@pytest.mark.parametrize("peer", ["mlserver", "ray_serve"])
def test_environments_are_pinned_and_checked(peer: str) -> None:
    """What is asked for is in the lock at that version, and every package has a hash and no index."""
    source = places.SOURCES[peer]
    lines = source.read_text().splitlines()
    for wanted in source.with_suffix(".in").read_text().splitlines():
        name, pinned, version = wanted.partition("==")
        if pinned:
            assert any(line.startswith(f"{name.partition('[')[0]}=={version} ") for line in lines), wanted
    packages = [number for number, line in enumerate(lines) if line[:1].isalnum()]
    assert packages
    assert all(lines[number + 1].startswith("    --hash=sha256:") for number in packages)
    assert not any("://" in line for line in lines)
