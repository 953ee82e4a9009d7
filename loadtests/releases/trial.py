"""Every kind of change on a gateway under load: what callers saw, how long it took, what a shadow costs."""

from __future__ import annotations

import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import grpc
import yaml

from loadtests.bench.gateways import ROOT, await_live
from loadtests.bench.processes import cpu_s, free_port, running
from loadtests.bench.systems import System
from loadtests.releases.callers import Callers, await_calls
from loadtests.releases.home import add_twin, make_home
from strata.settings import Settings
from strata.v1 import release_pb2 as rpb
from strata.v1 import segmentation_pb2 as pb
from strata.v1.release_pb2_grpc import ReleaseServiceStub
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

Say = Callable[[str], None]
SHARES: Final = (0.01, 0.05, 0.2, 0.5)
ASKED: Final = 50_000
"""Users a canary's share is measured on; nobody knows them, and each has a version all the same."""
WHO: Final = "strata prove releases"
BETWEEN_CALLS: Final = 300
WORKERS: Final = 2
ROLLBACKS: Final = ("rollback", "end canary")
"""Kinds of change that go back by RollBack."""
ROLLBACK_S: Final = 1.0
"""A release that is going wrong is gone from every worker in less."""


@dataclass(frozen=True)
class Trial:
    """How much of it."""

    segmenter: str
    rounds: int
    shadow_s: float
    callers: int = 6


@dataclass
class Outcome:
    """What was seen."""

    changes: list[tuple[str, float]] = field(default_factory=list)
    """What, and the seconds until every worker served it."""
    shares: list[tuple[float, float]] = field(default_factory=list)
    """The share set, and the share found."""
    cpu_us: dict[str, list[float]] = field(default_factory=lambda: {"without": [], "with": []})
    """Server CPU a call, without and with a shadow of the segmenter."""
    shadow: dict[str, float] = field(default_factory=dict)
    """Users scored by the shadow, by outcome."""
    calls: int = 0
    not_live: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)


class ReleaseTrial:
    """One trial, on a gateway of its own with every segmenter embedded."""

    def __init__(self, settings: Settings, trial: Trial, folder: Path, say: Say) -> None:
        self._settings, self._trial, self._folder, self._say = settings, trial, folder, say
        self.outcome = Outcome()

    def run(self, users: list[str]) -> Outcome:
        """Do it, asking about these users. Raises StrataError when the gateway does not serve."""
        with ExitStack() as stack:
            home = make_home(self._settings, self._folder)
            system, metrics = self._start(home, stack)
            await_live(system, users[0], self._folder / "gateway.log")
            channel = stack.enter_context(grpc.insecure_channel(system.address))
            stub: Any = ReleaseServiceStub(channel)  # type: ignore[no-untyped-call]
            twin = add_twin(home / "packages", self._trial.segmenter)
            with Callers(system.address, users, self._trial.callers) as callers:
                await_calls(callers, BETWEEN_CALLS)
                self._promote_and_back(stub, twin, callers)
                self._canary(stub, twin, callers, system.address)
                self._shadow(stub, twin, callers, system)
            self._take(callers, metrics, twin)
        return self.outcome

    def _start(self, home: Path, stack: ExitStack) -> tuple[System, str]:
        port, metrics = free_port(), free_port()
        document = self._settings.model_dump(mode="json")
        document["home"] = str(home)
        document["gateway"] |= {"port": port, "metrics_port": metrics, "workers": WORKERS}
        for segmenter in document["segmenters"].values():
            segmenter |= {"placement": "embedded", "version": "latest"}
        path = self._folder / "strata.yaml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        command = [sys.executable, "-m", "strata.command", "--settings", str(path), "serve"]
        environ = {"STRATA_SETTINGS": str(path), "DO_NOT_TRACK": "1"}
        tree = stack.enter_context(running(command, self._folder / "gateway.log", environ, ROOT))
        return System("gateway", f"127.0.0.1:{port}", (tree,)), f"http://127.0.0.1:{metrics}/metrics"

    def _asked(self, why: str) -> rpb.ReleaseChange:
        return rpb.ReleaseChange(segmenter=self._trial.segmenter, who=WHO, why=why)

    def _change(self, what: str, call: Callable[[], Any], callers: Callers) -> None:
        began = time.monotonic()
        call()
        seconds = time.monotonic() - began
        self.outcome.changes.append((what, seconds))
        self._say(f"{what}: served by every worker after {seconds:.3f} s")
        await_calls(callers, BETWEEN_CALLS)

    def _promote_and_back(self, stub: Any, twin: str, callers: Callers) -> None:
        for number in range(self._trial.rounds):
            request = rpb.PromoteRequest(change=self._asked(f"round {number}"), version=twin)
            self._change("promote", lambda request=request: stub.Promote(request), callers)  # type: ignore[misc]
            self._change("rollback", lambda: stub.RollBack(rpb.RollBackRequest(change=self._asked("back"))), callers)

    def _canary(self, stub: Any, twin: str, callers: Callers, address: str) -> None:
        for share in SHARES:
            request = rpb.SetCanaryRequest(change=self._asked("grow"), version=twin, share=share)
            self._change("canary", lambda request=request: stub.SetCanary(request), callers)  # type: ignore[misc]
            self.outcome.shares.append((share, self._found_share(address)))
        self._change("end canary", lambda: stub.RollBack(rpb.RollBackRequest(change=self._asked("enough"))), callers)

    def _found_share(self, address: str) -> float:
        by_canary = 0
        with grpc.insecure_channel(address) as channel:
            stub: Any = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
            for begin in range(0, ASKED, 1_000):
                users = [f"somebody-{number}" for number in range(begin, begin + 1_000)]
                request = pb.BatchGetSegmentsRequest(user_ids=users, segmenters=[self._trial.segmenter])
                by_canary += len(stub.BatchGetSegments(request).columns[0].canary_user_indexes)
        return by_canary / ASKED

    def _shadow(self, stub: Any, twin: str, callers: Callers, system: System) -> None:
        for _ in range(self._trial.rounds):
            self.outcome.cpu_us["without"].append(self._cost(callers, system))
            request = rpb.SetShadowRequest(change=self._asked("compare"), version=twin)
            self._change("shadow", lambda request=request: stub.SetShadow(request), callers)  # type: ignore[misc]
            self.outcome.cpu_us["with"].append(self._cost(callers, system))
            ended = rpb.SetShadowRequest(change=self._asked("enough"))
            self._change("end shadow", lambda ended=ended: stub.SetShadow(ended), callers)  # type: ignore[misc]

    def _cost(self, callers: Callers, system: System) -> float:
        """Microseconds of server CPU a call, one call in `callers` being a batch of 100."""
        calls, cpu = callers.calls, cpu_s(system.trees)
        time.sleep(self._trial.shadow_s)
        return (cpu_s(system.trees) - cpu) / max(callers.calls - calls, 1) * 1e6

    def _take(self, callers: Callers, metrics: str, twin: str) -> None:
        outcome = self.outcome
        outcome.calls, outcome.not_live = callers.calls, callers.not_live
        outcome.failures = dict(callers.failures)
        outcome.versions = {f"{name} {version}": n for (name, version), n in sorted(callers.versions.items())}
        with urllib.request.urlopen(metrics, timeout=10) as page:
            lines = page.read().decode().splitlines()
        for line in lines:
            if line.startswith("strata_shadow_scores_total") and twin in line:
                outcome.shadow[line.split('outcome="')[1].split('"')[0]] = float(line.split()[-1])


def document_of(trial: Trial, outcome: Outcome) -> dict[str, Any]:
    """Everything, as plain values (keys: docs/live_proofs.md)."""
    by_kind: dict[str, list[float]] = {}
    for what, seconds in outcome.changes:
        by_kind.setdefault(what, []).append(seconds)
    compared = outcome.shadow.get("agreed", 0.0) + outcome.shadow.get("disagreed", 0.0)
    return {
        "trial": {"segmenter": trial.segmenter, "rounds": trial.rounds, "shadow_s": trial.shadow_s},
        "calls": outcome.calls,
        "failed": outcome.failures,
        "not_live": outcome.not_live,
        "versions": outcome.versions,
        "changes": {
            what: {"count": len(all_s), "median_s": round(median(all_s), 4), "max_s": round(max(all_s), 4)}
            for what, all_s in by_kind.items()
        },
        "canary": [{"set": each, "found": found, "of_users": ASKED} for each, found in outcome.shares],
        "shadow": {
            "cpu_us_per_call_without": round(median(outcome.cpu_us["without"]), 1),
            "cpu_us_per_call_with": round(median(outcome.cpu_us["with"]), 1),
            "users": outcome.shadow,
            "disagreed_share": outcome.shadow.get("disagreed", 0.0) / compared if compared else None,
        },
    }


def faults_of(document: dict[str, Any]) -> list[str]:
    """What is not as it must be; nothing when all is."""
    faults = [f"{count} calls failed with {code}" for code, count in document["failed"].items()]
    if document["not_live"]:
        faults.append(f"{document['not_live']} calls were not answered live")
    faults += [
        f"a canary of {each['set']:.0%} answered {each['found']:.2%} of {each['of_users']:,} users"
        for each in document["canary"]
        if abs(each["found"] - each["set"]) > 0.01
    ]
    faults += [
        f"{kind} took up to {document['changes'][kind]['max_s']:.3f} s, not under {ROLLBACK_S:g} s"
        for kind in ROLLBACKS
        if document["changes"][kind]["max_s"] >= ROLLBACK_S
    ]
    users = document["shadow"]["users"]
    if not users.get("agreed"):
        faults.append("the shadow agreed on nobody")
    if users.get("disagreed"):
        faults.append(f"a twin disagreed on {users['disagreed']:.0f} users")
    return faults
