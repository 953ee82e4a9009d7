"""What the installer of system packages does where all, some or none of them are, and where it may not install."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "install_tools.sh"
NEEDED = ("bash", "env", "mktemp", "rm", "tail")
TOOLS = ("redis-server", "h2load", "haproxy", "java", "mvn", "prometheus", "promtool")


class Machine:
    """A PATH of its own, on which only what a test puts there is found."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.calls = folder / "bin", folder / "calls"
        self.bin.mkdir()
        for name in NEEDED:
            (self.bin / name).symlink_to(f"/usr/bin/{name}")

    def command(self, name: str, script: str = "") -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def apt(self, exit_code: int = 0) -> None:
        self.command("apt-get", f'echo "$@" >>{self.calls}; echo words of apt; exit {exit_code}')

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["/bin/bash", str(SCRIPT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, env={"PATH": str(self.bin)}, check=False)

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    found = Machine(tmp_path)
    found.command("id", "echo 0")
    return found


def test_nothing_is_done_where_all_is_there(machine: Machine) -> None:
    """And nothing is asked of the package manager."""
    machine.apt()
    for tool in TOOLS:
        machine.command(tool)
    done = machine.run()
    assert (done.returncode, done.stdout) == (
        0,
        "tools: redis-server h2load haproxy java mvn prometheus promtool are installed\n",
    )
    assert machine.called() == []


def test_only_what_is_missing_is_installed(machine: Machine) -> None:
    """By the name of its package."""
    machine.apt()
    machine.command("redis-server")
    machine.command("java")
    done = machine.run()
    assert done.returncode == 0, done.stderr
    packages = "nghttp2-client haproxy maven prometheus"  # two commands, one package
    assert machine.called() == ["update -qq", f"install -y -qq --no-install-recommends {packages}"]


def test_a_dry_run_only_tells(machine: Machine) -> None:
    """Which packages it would install."""
    machine.apt()
    done = machine.run("--dry-run", "java")
    assert (done.returncode, machine.called()) == (0, [])
    assert "openjdk-17-jre-headless" in done.stdout


def test_each_way_not_to_install_is_a_sentence(machine: Machine) -> None:
    """No package manager, no root, a package manager that fails, a tool nobody knows."""
    done = machine.run("mvn")
    assert (done.returncode, "there is no apt-get here. Install maven" in done.stderr) == (1, True)
    machine.apt(exit_code=7)
    done = machine.run("mvn")
    assert (done.returncode, "words of apt\ntools: apt-get could not install maven" in done.stderr) == (1, True)
    machine.command("id", "echo 1000")
    done = machine.run("mvn")
    assert (done.returncode, "this needs root" in done.stderr) == (1, True)
    done = machine.run("docker")
    assert (done.returncode, "There is no tool called docker here" in done.stderr) == (2, True)
