"""Keep the children of a platform alive, each on its own: the death of one touches no other."""

from __future__ import annotations

import math
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from strata.command.up.children import Child, spawn
from strata.command.up.restart import RestartPolicy
from strata.errors import StrataError
from strata.processes.logs import cut_log, tail
from strata.processes.orphans import CHILD_VARIABLE, PLATFORM_VARIABLE, end_processes, find_marked

LAST_LINES = 6
EXPLAINED = (1, 2)
"""What `strata` exits with after a sentence (see strata.faults)."""


class Launch(Protocol):
    """How a child's process is made; `again` when it had one before."""

    def __call__(self, child: Child, *, again: bool) -> subprocess.Popen[bytes]: ...


@dataclass
class Watched:
    """A child, its process while it has one, and when it is to be started otherwise."""

    child: Child
    policy: RestartPolicy = field(default_factory=RestartPolicy)
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    start_at_s: float = 0.0
    complained: bool = False
    not_started: str = ""
    """Why the last attempt made no process; empty when it did."""
    gave_up: bool = False
    """It ended by itself with the code of an explained error: the same start would end the same way."""


class Supervisor:
    """Starts, restarts and ends children. `say` is given sentences for a person."""

    def __init__(
        self,
        children: Sequence[Child],
        say: Callable[[str], None],
        now_s: Callable[[], float] = time.monotonic,
        launch: Launch = spawn,
    ) -> None:
        self._watched = [Watched(child) for child in children]
        self._say, self._now_s, self._spawn = say, now_s, launch
        self._serving = False

    def start(self) -> None:
        """Start every child but those that step back behind the others: they wait until it serves."""
        for watched in self._watched:
            if watched.child.niceness:
                watched.start_at_s = math.inf
            else:
                self._launch(watched, again=False)

    def poll(self) -> None:
        """Take note of deaths and start again what is due. To be called a few times a second."""
        for watched in self._watched:
            if watched.process is None:
                if self._now_s() >= watched.start_at_s:
                    self._launch(watched, again=True)
            elif (code := watched.process.poll()) is not None:
                self._bury(watched, code)
            else:
                cut_log(watched.child.log)

    def refuse_hopeless(self) -> None:
        """Raise StrataError with the last words of a child that gave up at its start, or keeps dying there."""
        for watched in self._watched:
            if watched.gave_up or (watched.policy.hopeless and watched.process is None):
                raise StrataError(_complaint(watched))

    def serving(self) -> None:
        """From now on no death ends the platform: each is reported, and tried again."""
        self._serving = True
        for watched in self._watched:
            watched.start_at_s = min(watched.start_at_s, self._now_s())

    def process_ids(self) -> dict[str, int]:
        """The id of each child that is alive."""
        return {watched.child.name: watched.process.pid for watched in self._watched if watched.process is not None}

    def stop(self, grace_s: float, hurry: Callable[[], bool] = lambda: False) -> None:
        """Ask every child to end, wait, and make those end that have not; then whatever they left behind."""
        living = [watched.process for watched in self._watched if watched.process is not None]
        for process in living:
            process.terminate()
        deadline = time.monotonic() + grace_s
        while any(process.poll() is None for process in living) and time.monotonic() < deadline and not hurry():
            time.sleep(0.05)
        for process in living:
            if process.poll() is None:
                process.kill()
            process.wait()
        for watched in self._watched:
            watched.process = None
            end_processes(self._leftovers(watched.child), grace_s=1.0)

    def _launch(self, watched: Watched, *, again: bool) -> None:
        watched.started_s = self._now_s()
        try:
            watched.process, watched.not_started = self._spawn(watched.child, again=again), ""
        except OSError as error:  # no memory, no processes or no descriptors left: the others go on
            watched.not_started = str(error)
            self._try_later(watched, f"could not be started ({error})", "trying")

    def _bury(self, watched: Watched, code: int) -> None:
        watched.process = None
        watched.gave_up = code in EXPLAINED
        # Its own workers may live on without it and hold its ports.
        end_processes(self._leftovers(watched.child))
        self._try_later(watched, f"ended ({_cause(code)})", "starting")

    def _try_later(self, watched: Watched, happened: str, trying: str) -> None:
        """Set the time of the next attempt, and tell: each time, until it looks hopeless, and that once."""
        now_s = self._now_s()
        watched.start_at_s = watched.policy.died(watched.started_s, now_s)
        if watched.gave_up and not self._serving:
            return  # `refuse_hopeless` tells it
        if not watched.policy.hopeless:
            watched.complained = False
            delay_s = watched.start_at_s - now_s
            self._say(f"the {watched.child.title} {happened}; {trying} it again in {delay_s:.1f} s")
        elif not watched.complained:
            watched.complained = True
            self._say(_complaint(watched) + "\nIt is tried again from time to time.")

    def _leftovers(self, child: Child) -> list[int]:
        living = self.process_ids().values()
        same_home = set(find_marked(PLATFORM_VARIABLE, child.environ.get(PLATFORM_VARIABLE, ""), spare=living))
        return [pid for pid in find_marked(CHILD_VARIABLE, child.name, spare=living) if pid in same_home]


def _cause(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _complaint(watched: Watched) -> str:
    child, deaths = watched.child, watched.policy.early_deaths
    if watched.not_started:
        return f"the {child.title} could not be started: {watched.not_started}"
    said = tail(child.log, LAST_LINES) or "(nothing)"
    times = "" if deaths == 1 else f" {deaths} times"
    return f"the {child.title} ended{times} while starting; the end of {child.log}:\n{said}"
