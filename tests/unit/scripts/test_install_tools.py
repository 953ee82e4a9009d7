"""What the installer of tools does where all, some or none of them are, and where it may not install."""

from __future__ import annotations

from pathlib import Path

import pytest
from bare_machine import BareMachine

TOOLS = ("redis-server", "h2load", "haproxy", "g++", "grpc++", "java", "mvn", "prometheus", "promtool")


class Machine(BareMachine):
    """With a package manager, and a Go that builds in no time."""

    def apt(self, exit_code: int = 0) -> None:
        self.noted("apt-get", f"echo words of apt; exit {exit_code}")

    def go(self) -> None:
        builds = 'mkdir -p "$GOBIN"; echo built >"$GOBIN/ghz"; chmod +x "$GOBIN/ghz"'
        self.noted("go", f'if [ "$1" = env ]; then echo go1.99.0; else {builds}; fi')

    def install(self, *arguments: str) -> tuple[int, str, str]:
        done = self.run("install_tools.sh", *arguments)
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_nothing_is_done_where_all_is_there(machine: Machine) -> None:
    """And nothing is asked of the package manager."""
    machine.apt()
    for tool in TOOLS:
        machine.command(tool)
    machine.command("pkg-config")  # it knows grpc++, which has no command of its own
    assert machine.install(*TOOLS) == (0, f"tools: {' '.join(TOOLS)} are installed\n", "")
    assert machine.called() == []


def test_only_what_is_missing_is_installed(machine: Machine) -> None:
    """By the name of its package."""
    machine.apt()
    machine.command("redis-server")
    machine.command("java")
    machine.command("pkg-config", "exit 1")  # it knows no grpc++
    assert machine.install(*TOOLS)[0] == 0
    # Two commands of one package, and a library of two.
    packages = "nghttp2-client haproxy g++ libgrpc++-dev pkg-config maven prometheus"
    assert machine.called() == ["apt-get update -qq", f"apt-get install -y -qq --no-install-recommends {packages}"]


def test_a_dry_run_only_tells(machine: Machine) -> None:
    """Which packages it would install, and what it would build; of all tools when none is named."""
    code, said, _ = machine.install("--dry-run")
    assert (code, machine.called()) == (0, [])
    assert "openjdk-17-jre-headless" in said
    assert "building grpcurl ghz grpc-health-probe otelcol" in said


def test_each_way_not_to_install_is_a_sentence(machine: Machine) -> None:
    """No package manager, no root, a package manager that fails, a tool nobody knows."""
    code, _, error = machine.install("mvn")
    assert (code, "there is no apt-get here. Install maven" in error) == (1, True)
    machine.apt(exit_code=7)
    code, _, error = machine.install("mvn")
    assert (code, "words of apt\ntools: apt-get could not install maven" in error) == (1, True)
    machine.command("id", "echo 1000")
    code, _, error = machine.install("mvn")
    assert (code, "this needs root" in error) == (1, True)
    code, _, error = machine.install("docker")
    assert (code, "There is no tool called docker here" in error) == (2, True)


def test_what_is_built_is_built_although_packages_cannot_be_had(machine: Machine) -> None:
    """The exit code still tells."""
    machine.apt(exit_code=7)
    machine.go()
    code, said, error = machine.install("mvn", "ghz")
    assert (code, "built ghz" in said, "could not install maven" in error) == (1, True, True)
    assert (machine.tools / "ghz").read_text() == "built\n"
