"""Run the pending preparation steps: two processes, each step as soon as its needs are met."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from strata.command.up.steps import EVENTS_LANE, MODELS_LANE, Step
from strata.errors import StrataError
from strata.processes.logs import open_log, tail
from strata.processes.parent import PARENT_VARIABLE

# What a lane imports while it has to wait: later it would wait for these instead.
PRELOADS = {
    EVENTS_LANE: ["feature_repo.feast_import:import_feast", "feature_repo.materialize", "feature_repo.engine"],
    MODELS_LANE: ["training.produce", "sklearn.cluster", "lightgbm", "duckdb", "matplotlib.figure"],
}
POLL_S = 0.2


class PreparationStopped(StrataError):
    """The person asked to stop while steps were under way."""


@dataclass
class Lane:
    """One preparation process and what it still has to do."""

    name: str
    process: subprocess.Popen[str]
    log: Path
    waiting: list[Step]
    running: Step | None = None
    preloaded: bool = False

    def order(self, message: Mapping[str, Any]) -> None:
        """Send one order; a lane that has died is noticed by its silence."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return


@dataclass
class Preparation:
    """The run of all pending steps. `report` is told of each that ends, with seconds and code; `finished` marks it."""

    steps: Sequence[Step]
    run_folder: Path
    environ: Mapping[str, str]
    stop: Event
    report: Callable[[Step, float, int], None]
    finished: Callable[[Step], None]
    _done: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Run every step; raises StrataError in a sentence for the first that fails, PreparationStopped on stop."""
        names = {step.name for step in self.steps}
        self._done = {need for step in self.steps for need in step.needs} - names
        lanes = [self._start(name) for name in dict.fromkeys(step.lane for step in self.steps)]
        try:
            self._drive(lanes)
        finally:
            for lane in lanes:
                _end(lane.process)

    def _start(self, name: str) -> Lane:
        log = self.run_folder / f"prepare-{name}.log"
        environ = {**self.environ, PARENT_VARIABLE: str(os.getpid())}
        with open_log(log) as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "strata.command.up.lane"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
                env=environ, text=True, start_new_session=True,
            )  # fmt: skip
        return Lane(name, process, log, [step for step in self.steps if step.lane == name])

    def _drive(self, lanes: list[Lane]) -> None:
        with selectors.DefaultSelector() as selector:
            for lane in lanes:
                assert lane.process.stdout is not None
                selector.register(lane.process.stdout, selectors.EVENT_READ, lane)
            while any(lane.running or lane.waiting for lane in lanes):
                for lane in lanes:
                    self._advance(lane)
                for ready, _ in selector.select(POLL_S):
                    self._receive(ready.data)
                if self.stop.is_set():
                    raise PreparationStopped("stopped while preparing; the next start takes it up from here")

    def _advance(self, lane: Lane) -> None:
        """Give an idle lane its next step when that can run, or imports to do until it can."""
        if lane.running or not lane.waiting:
            return
        step = lane.waiting[0]
        if self._done.issuperset(step.needs):
            lane.running = lane.waiting.pop(0)
            lane.order({"step": step.name, "arguments": list(step.arguments)})
        elif not lane.preloaded:
            lane.preloaded = True
            lane.order({"preload": PRELOADS.get(lane.name, [])})

    def _receive(self, lane: Lane) -> None:
        assert lane.process.stdout is not None
        line = lane.process.stdout.readline()
        if not line:
            what = lane.running.title if lane.running else "preparing"
            raise StrataError(f"{what}: its process ended with {lane.process.wait()}; {_last_words(lane.log)}")
        reply = json.loads(line)
        step = lane.running
        if step is None or reply["step"] != step.name:
            raise StrataError(f"a preparation process answered out of turn; see {lane.log}")
        code = reply["code"]
        if not step.ended_well(code):
            raise StrataError(f"{step.title} failed: {reply['sentence'] or _last_words(lane.log)}")
        lane.running = None
        self._done.add(step.name)
        self.finished(step)
        self.report(step, reply["seconds"], code)


def _last_words(log: Path) -> str:
    said = tail(log, 5)
    return f"the end of {log}:\n{said}" if said else f"see {log}"


def _end(process: subprocess.Popen[str], grace_s: float = 5.0) -> None:
    """Close a lane: an idle one ends when its input does, a busy one is told to, then made to."""
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
    deadline = time.monotonic() + grace_s
    process.terminate()
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
