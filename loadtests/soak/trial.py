"""One soak, from a platform that serves to what was seen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import grpc

from loadtests.live.senders import OPTIONS
from loadtests.releases.home import add_twin
from loadtests.soak.callers import Parts, make_callers
from loadtests.soak.changes import Changes
from loadtests.soak.crowd import Crowd
from loadtests.soak.folders import Folders
from loadtests.soak.pace import Paced
from loadtests.soak.plan import Plan
from loadtests.soak.platforms import Platform
from loadtests.soak.sampling import Sample, Sampler
from loadtests.soak.tally import Tally
from loadtests.soak.truth import Truth
from strata.errors import StrataError
from strata.state.damage import data_file
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

Say = Callable[[str], None]
TELL_S: Final = 60.0
JOIN_S: Final = 30.0
MIB: Final = float(1 << 20)


@dataclass
class Outcome:
    """What was seen."""

    seconds: float = 0.0
    complete: bool = False
    """Whether it was soaked for as long as was asked."""
    samples: list[Sample] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    folders: list[tuple[float, dict[str, int]]] = field(default_factory=list)
    looks: int = 0
    compared: int = 0
    moved: int = 0
    parity: dict[str, float] = field(default_factory=dict)
    """What the platform's own parity sample counted, where it has one."""


class Soak:
    """`run` it once; what was seen so far is in `outcome`, also when it is interrupted."""

    def __init__(self, platform: Platform, plan: Plan, crowd: Crowd, say: Say) -> None:
        self._platform, self._plan, self._crowd, self._say = platform, plan, crowd, say
        self.outcome = Outcome()
        self._truth = Truth(crowd.quiet, self.outcome.tally)

    def run(self, stop: threading.Event, changing: str = "") -> Outcome:
        """Until the time is up or `stop` is set. `changing`: the segmenter whose release is changed; none when empty.

        Raises StrataError when a caller breaks for a reason of its own, or the platform ends.
        """
        outcome, ending = self.outcome, threading.Event()
        callers = self._make_callers(ending, changing)
        folders = Folders(self._platform.home)
        began_s = time.monotonic()
        with (
            grpc.insecure_channel(self._platform.gateway_address, options=OPTIONS) as channel,
            Sampler(self._platform.families, self._plan.sample_s, self._state_file()) as sampler,
        ):
            outcome.samples = sampler.samples
            ask = SegmentationServiceStub(channel).BatchGetSegments  # type: ignore[no-untyped-call]
            self._look(ask, folders)
            for caller in callers:
                caller.start()
            try:
                outcome.complete = self._watch(stop, callers, ask, folders)
            finally:
                ending.set()
                for caller in callers:
                    caller.end()
                for caller in callers:
                    caller.join(JOIN_S)
                outcome.seconds = time.monotonic() - began_s
            self._look(ask, folders)
        outcome.parity = read_parity(self._platform.home / "run" / "parity.prom")
        return outcome

    def _state_file(self) -> Path:
        """As the kernel names it."""
        return data_file(self._platform.home / "state").resolve()

    def _make_callers(self, ending: threading.Event, changing: str) -> list[Paced]:
        platform, plan, tally = self._platform, self._plan, self.outcome.tally
        parts = Parts(plan, self._crowd, tally, self._truth)
        callers = make_callers(platform.gateway_address, platform.stream_address, ending, parts)
        if changing:
            twin = add_twin(platform.home / "packages", changing)
            callers.append(Changes(platform.gateway_address, plan.release_every_s, ending, (changing, twin), tally))
        return callers

    def _watch(self, stop: threading.Event, callers: Sequence[Paced], ask: Any, folders: Folders) -> bool:
        began_s = told_s = looked_s = time.monotonic()
        while (left_s := began_s + self._plan.seconds - time.monotonic()) > 0:
            if stop.wait(min(1.0, left_s)):
                return False
            for caller in callers:
                if caller.broken is not None:
                    raise StrataError(f"{caller.name} broke: {caller.broken!r}") from caller.broken
            if time.monotonic() - looked_s >= self._plan.look_s:
                looked_s = time.monotonic()
                self._look(ask, folders)
            if time.monotonic() - told_s >= TELL_S:
                told_s = time.monotonic()
                self._tell(told_s - began_s)
        return True

    def _look(self, ask: Any, folders: Folders) -> None:
        try:
            self._truth.look(ask)
        except grpc.RpcError as error:
            self.outcome.tally.add("looks", f"error {error.code().name}")
        folders.look()
        outcome = self.outcome
        outcome.looks += 1
        outcome.compared, outcome.moved, outcome.folders = self._truth.compared, self._truth.moved, folders.sizes

    def _tell(self, passed_s: float) -> None:
        last = self.outcome.samples[-1].processes
        resident = sum(held.rss for _, held in last.values()) / MIB
        minutes = self.outcome.tally.by_minute().get("GetSegments", [])
        latest = minutes[-2] if len(minutes) > 1 else minutes[-1] if minutes else {"calls": 0, "p99_ms": 0.0}
        wrong = sum(self.outcome.tally.wrong().values())
        self._say(
            f"{self._plan.passed(passed_s)}: {len(last)} processes, {resident:,.0f} MB resident; "
            f"{latest['calls']:,} GetSegments in a minute, p99 {latest['p99_ms']:.1f} ms; {wrong} wrong"
        )


def read_parity(path: Path) -> dict[str, float]:
    """The sums of the parity sample's metrics file; nothing where there is none.

    >>> read_parity(Path("/nowhere"))
    {}
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.split() for line in lines if line.startswith("strata_parity_"))
    return {pair[0]: float(pair[1]) for pair in pairs if len(pair) == 2 and pair[0].endswith("_total")}
