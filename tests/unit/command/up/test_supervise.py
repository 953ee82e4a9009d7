"""Children are kept alive, each on its own."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from strata.command.up.children import Child
from strata.command.up.supervise import Supervisor
from strata.errors import StrataError

SCRIPTS = {
    "doomed": "print('no room here', flush=True); raise SystemExit(3)",
    "honest": "print('strata: the package is cut short', flush=True); raise SystemExit(1)",
}


class HandClock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """A supervisor of real but trivial processes: most wait to be ended, those in SCRIPTS end."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        self.clock = HandClock()
        self.said: list[str] = []
        self.started: list[str] = []
        children = [Child(name, f"{name} server", (), folder / f"{name}.log", {}) for name in names]
        self.supervisor = Supervisor(children, self.said.append, self.clock, self._launch)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.trouble: OSError | None = None
        """What every attempt to make a process raises."""

    def _launch(self, child: Child, *, again: bool) -> subprocess.Popen[bytes]:
        if self.trouble is not None:
            raise self.trouble
        self.started.append(child.name)
        script = SCRIPTS.get(child.name, "import time; time.sleep(600)")
        with child.log.open("ab") as log:
            process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes[child.name] = process
        return process

    def wait(self, name: str) -> None:
        """Until a process has ended, and its death was noticed."""
        self.processes[name].wait()
        self.supervisor.poll()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Make benches; what still runs is ended afterwards."""
    made: list[Bench] = []

    def make(*names: str) -> Bench:
        made.append(Bench(tmp_path, names))
        made[-1].supervisor.start()
        return made[-1]

    yield make
    for one in made:
        one.supervisor.stop(5.0)


def test_a_killed_child_is_started_again_and_the_other_is_left_alone(bench: Callable[..., Bench]) -> None:
    """One death is one restart, after its delay, of that child only."""
    at = bench("gateway", "bento")
    gateway = at.supervisor.process_ids()["gateway"]
    at.processes["bento"].kill()
    at.wait("bento")
    assert at.said == ["the bento server ended (signal 9); starting it again in 0.5 s"]
    at.clock.now = 0.4
    at.supervisor.poll()
    assert at.started == ["gateway", "bento"]
    at.clock.now = 0.6
    at.supervisor.poll()
    assert at.started == ["gateway", "bento", "bento"]
    assert at.supervisor.process_ids()["gateway"] == gateway


def test_a_child_that_keeps_dying_is_reported_once_with_its_last_words(bench: Callable[..., Bench]) -> None:
    """After three early deaths a person is told, with the end of the log, and not again."""
    at = bench("doomed")
    for _ in range(5):
        at.wait("doomed")
        at.clock.now += 60.0
        at.supervisor.poll()
    # Sixty seconds between deaths are the waits; each life was over at once.
    complaints = [sentence for sentence in at.said if "ended 3 times while starting" in sentence]
    assert len(complaints) == 1
    assert "no room here" in complaints[0]
    assert len(at.said) == 3


def test_a_child_no_process_can_be_made_for_is_tried_again_and_ends_nothing(bench: Callable[..., Bench]) -> None:
    """A machine without memory for a moment: the others live, the delays grow, a person is told, in the end once."""
    at = bench("gateway", "bento")
    at.supervisor.serving()
    gateway = at.supervisor.process_ids()["gateway"]
    at.processes["bento"].kill()
    at.trouble = OSError(errno.ENOMEM, "Cannot allocate memory")
    at.wait("bento")
    for moment in (0.5, 1.4, 1.5, 3.4, 3.5, 99.0):
        at.clock.now = moment
        at.supervisor.poll()
    assert at.said == [
        "the bento server ended (signal 9); starting it again in 0.5 s",
        "the bento server could not be started ([Errno 12] Cannot allocate memory); trying it again in 1.0 s",
        "the bento server could not be started: [Errno 12] Cannot allocate memory\n"
        "It is tried again from time to time.",
    ]
    assert at.supervisor.process_ids() == {"gateway": gateway}
    at.trouble = None
    at.clock.now = 200.0
    at.supervisor.poll()
    assert set(at.supervisor.process_ids()) == {"gateway", "bento"}


def test_a_start_no_process_can_be_made_for_is_given_up_with_the_reason(bench: Callable[..., Bench]) -> None:
    """The third attempt ends it, not the first."""
    at = bench("gateway")
    at.processes["gateway"].kill()
    at.trouble = OSError(errno.EAGAIN, "Resource temporarily unavailable")
    at.wait("gateway")
    at.clock.now = 10.0
    at.supervisor.poll()
    at.supervisor.refuse_hopeless()
    at.clock.now = 20.0
    at.supervisor.poll()
    with pytest.raises(StrataError, match=r"the gateway server could not be started: .* temporarily unavailable"):
        at.supervisor.refuse_hopeless()


def test_a_start_with_a_hopeless_child_is_given_up(bench: Callable[..., Bench]) -> None:
    """Before the platform serves, such a child ends the start with a sentence instead of a loop."""
    at = bench("doomed")
    for _ in range(2):
        at.wait("doomed")
        at.supervisor.refuse_hopeless()
        at.clock.now += 60.0
        at.supervisor.poll()
    at.wait("doomed")
    with pytest.raises(StrataError, match=r"(?s)the doomed server ended 3 times while starting; .*no room here"):
        at.supervisor.refuse_hopeless()


def test_an_explained_end_is_not_tried_again_while_starting(bench: Callable[..., Bench]) -> None:
    """A server that said why it cannot start would say it again: the start ends with that sentence, at once."""
    at = bench("honest", "gateway")
    at.wait("honest")
    assert at.said == []
    with pytest.raises(StrataError, match=r"(?s)the honest server ended while starting; .*the package is cut short"):
        at.supervisor.refuse_hopeless()


def test_an_explained_end_later_is_one_death_among_others(bench: Callable[..., Bench]) -> None:
    """Once the platform serves, the others are worth more than giving up."""
    at = bench("honest", "gateway")
    at.supervisor.serving()
    at.wait("honest")
    assert at.said == ["the honest server ended (exit code 1); starting it again in 0.5 s"]


def test_stop_ends_every_child(bench: Callable[..., Bench]) -> None:
    """After stop nothing runs, and nothing is started again."""
    at = bench("gateway", "bento")
    at.supervisor.stop(5.0)
    assert all(process.poll() is not None for process in at.processes.values())
    assert at.supervisor.process_ids() == {}
