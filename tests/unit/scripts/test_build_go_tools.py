"""What the builder of Go tools does with a Go that is there, old, missing, or refused a module."""

from __future__ import annotations

from pathlib import Path

import pytest
from bare_machine import BareMachine

GHZ, GRPCURL = "github.com/bojand/ghz/cmd/ghz@v", "github.com/fullstorydev/grpcurl/cmd/grpcurl@v"
BUILDS = """
case "$1 $2" in
    "env GOVERSION") echo go{version} ;;
    "env GOMODCACHE") echo {folder} ;;
    "env GOOS") echo linux ;;
    "env GOARCH") echo amd64 ;;
    "mod download") mkdir -p {folder}/"$3"/bin {folder}/"$3"/pkg/tool
        cp {folder}/newer {folder}/"$3"/bin/go; {fetch} ;;
    install*) mkdir -p "$GOBIN"; tool="${{@: -1}}"; tool="${{tool%@*}}"; echo "$GOTOOLCHAIN" >"$GOBIN/${{tool##*/}}"
        chmod +x "$GOBIN/${{tool##*/}}"; {install} ;;
esac
"""


class Machine(BareMachine):
    """With a Go whose builds take no time."""

    def go(self, *, version: str = "1.99.0", install: str = "true", fetch: str = "true") -> None:
        self.noted("go", BUILDS.format(version=version, folder=self.bin.parent, install=install, fetch=fetch))

    def build(self, *arguments: str) -> tuple[int, str, str]:
        done = self.run("build_go_tools.sh", *arguments)
        return done.returncode, done.stdout, done.stderr

    def installs(self) -> list[str]:
        """The modules Go was asked to build, without their versions' numbers."""
        words = [call.split()[-1] for call in self.called() if call.startswith("go install")]
        return [word[: word.index("@v") + 2] for word in words]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_tool_is_built_once(machine: Machine) -> None:
    """Where it is found afterwards, by the Go that is there and no other; and again for another version."""
    machine.go()
    code, said, error = machine.build("ghz", "grpcurl")
    assert (code, error) == (0, "")
    assert "built ghz in 0 s" in said
    assert machine.installs() == [GHZ, GRPCURL]
    assert (machine.tools / "ghz").read_text() == "local\n"
    assert machine.build("ghz", "grpcurl") == (0, f"tools: ghz grpcurl are in {machine.tools}\n", "")
    (machine.tools / ".ghz").write_text("github.com/bojand/ghz/cmd/ghz@v0.0.1\n")
    machine.build("ghz", "grpcurl")
    assert machine.installs() == [GHZ]


def test_one_that_cannot_be_had_keeps_no_other_away(machine: Machine) -> None:
    """Go's last words, which one, and exit code 1."""
    machine.go(install='echo "module not served"; [[ "$*" != *bojand* ]]')
    code, said, error = machine.build("ghz", "grpcurl")
    assert (code, "built grpcurl" in said, "built ghz" in said) == (1, True, False)
    assert error.startswith("module not served\ntools: ghz could not be built from github.com/bojand/ghz/cmd/ghz@v")
    assert not (machine.tools / "ghz").exists()


def test_an_old_go_fetches_a_newer_one(machine: Machine) -> None:
    """Which then builds: as the module that Go publishes, and executable although modules are not."""
    machine.go(version="1.19.8")
    newer = machine.bin.parent / "newer"
    newer.write_text('#!/bin/bash\nmkdir -p "$GOBIN"; echo "by $0, root $GOROOT" >"$GOBIN/ghz"\n')
    code, said, error = machine.build("ghz")
    assert (code, error) == (0, "")
    assert "go1.19.8 is older than 1.26.0" in said
    [built] = (machine.tools / "ghz").read_text().splitlines()
    assert built.count("golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64") == 2
    assert machine.installs() == []


def test_an_old_go_that_can_fetch_nothing_is_a_sentence(machine: Machine) -> None:
    """With what is needed and what there is."""
    machine.go(version="1.19.8", fetch="echo no such host; exit 1")
    (machine.bin.parent / "newer").write_text("")
    code, _, error = machine.build("ghz")
    assert code == 1
    assert error == "no such host\ntools: ghz need Go 1.26.0 or newer; here is go1.19.8, and 1.26.8 could not be had\n"


def test_where_there_is_no_go_its_package_is_asked_for(machine: Machine) -> None:
    """And the sentence names both when that fails."""
    machine.noted("apt-get", "echo words of apt; exit 7")
    code, _, error = machine.build("ghz")
    assert code == 1
    assert machine.called() == ["apt-get update -qq"]
    assert "could not install golang-go" in error
    assert "ghz need Go 1.26.0 or newer, and there is no go here" in error


def test_a_name_nobody_knows_is_refused(machine: Machine) -> None:
    """With the names there are."""
    code, _, error = machine.build("grpcui")
    assert code == 2
    assert "grpcui" in error
    assert "grpcurl" in error
