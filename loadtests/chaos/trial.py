"""Fault after fault, in a seeded order, under callers who know the right answer."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from loadtests.chaos.faults import FAULTS, Fault
from loadtests.chaos.watchers import DEADLINE_S, Watchers, learn
from loadtests.chaos.world import Kind, World
from strata.errors import StrataError
from strata.settings import Settings

Say = Callable[[str], None]
ASKED_ABOUT: Final = 300
STREAK: Final = 100
"""So many calls in a row answered live: recovered."""
RECOVERY_S: Final = 60.0


@dataclass(frozen=True)
class Trial:
    """What to do."""

    kind: Kind
    seed: int
    rounds: int
    hold_s: float
    """How long a fault lasts."""
    only: tuple[str, ...] = ()
    threads: int = 6


@dataclass
class Scene:
    """One fault, and what its callers saw while it lasted and until all was well again."""

    fault: str
    during: Counter[str]
    after: Counter[str]
    recovery_s: float


@dataclass
class Outcome:
    """What was seen."""

    scenes: list[Scene] = field(default_factory=list)
    users: int = 0
    memory_mb: tuple[float, float] = (0.0, 0.0)
    """Of the gateway's workers, before the first fault and after the last."""
    seconds: float = 0.0


def run_chaos(settings: Settings, trial: Trial, folder: Path, users: list[str], say: Say) -> Outcome:
    """Do it. Raises StrataError when the gateway is not sound before the first fault, or a server stays down."""
    began, outcome = time.monotonic(), Outcome()
    chance = random.Random(trial.seed)
    chosen = chance.sample(users, min(ASKED_ABOUT, len(users)))
    world = World(settings, trial.kind, folder, chosen)
    with ExitStack() as stack:
        world.start(stack)
        expected = _learn(world, chosen)
        outcome.users = len(expected)
        with Watchers(world.gateway.address, expected, trial.threads) as watchers:
            _await_streak(watchers, 0.0)
            before = _memory_mb(world)
            watchers.take()
            for _ in range(trial.rounds):
                for fault in chance.sample(faults_of(trial), len(faults_of(trial))):
                    outcome.scenes.append(_play(world, fault, watchers, trial.hold_s, say))
            outcome.memory_mb = before, _memory_mb(world)
    outcome.seconds = time.monotonic() - began
    return outcome


def faults_of(trial: Trial) -> list[Fault]:
    """Those that can happen in its world. Raises StrataError for a name that is none of them."""
    possible = [fault for fault in FAULTS if trial.kind in fault.kinds]
    unknown = set(trial.only) - {fault.name for fault in possible}
    if unknown:
        names = ", ".join(fault.name for fault in possible)
        raise StrataError(
            f"no fault of a world on {trial.kind} is called {', '.join(sorted(unknown))}; there are: {names}"
        )
    return [fault for fault in possible if not trial.only or fault.name in trial.only]


def _play(world: World, fault: Fault, watchers: Watchers, hold_s: float, say: Say) -> Scene:
    fault.make(world)
    time.sleep(hold_s)
    during = watchers.take()
    fault.mend(world)
    mended_s = time.monotonic()
    recovery_s = _await_streak(watchers, mended_s)
    scene = Scene(fault.name, during, watchers.take(), recovery_s)
    say(f"{fault.name}: {_words(during)}; live again {recovery_s:.1f} s after it was mended")
    return scene


def _await_streak(watchers: Watchers, since_s: float) -> float:
    """Seconds until so many calls in a row were live. Raises StrataError when that does not happen."""
    since_s = since_s or time.monotonic()
    watchers.streak = 0
    while watchers.streak < STREAK:
        if time.monotonic() - since_s > RECOVERY_S:
            raise StrataError(f"not live again {RECOVERY_S:.0f} s after it was mended: {_words(watchers.take())}")
        time.sleep(0.02)
    return time.monotonic() - since_s


def _learn(world: World, users: Sequence[str]) -> dict[str, dict[str, str]]:
    deadline = time.monotonic() + RECOVERY_S
    while True:
        found = learn(world.gateway.address, users)
        if len(found) > len(users) // 2:
            return found
        if time.monotonic() > deadline:
            raise StrataError(f"only {len(found)} of {len(users)} users are answered live before anything is broken")


def _memory_mb(world: World) -> float:
    return float(sum(worker.memory_info().rss for worker in world.gateway.workers())) / 2**20


def _words(seen: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(seen.items()))


def document_of(trial: Trial, outcome: Outcome) -> dict[str, Any]:
    """Everything, as plain values (keys: docs/live_proofs.md)."""
    return {
        "trial": {"kind": trial.kind, "seed": trial.seed, "rounds": trial.rounds, "hold_s": trial.hold_s},
        "deadline_s": DEADLINE_S,
        "users": outcome.users,
        "seconds": round(outcome.seconds, 1),
        "workers_memory_mb": [round(each, 1) for each in outcome.memory_mb],
        "scenes": [
            {
                "fault": scene.fault,
                "during": dict(sorted(scene.during.items())),
                "after": dict(sorted(scene.after.items())),
                "recovery_s": round(scene.recovery_s, 2),
            }
            for scene in outcome.scenes
        ],
        "wrong": wrong_of(outcome),
    }


def wrong_of(outcome: Outcome) -> dict[str, int]:
    """Answers that must never be given, over all faults."""
    seen: Counter[str] = Counter()
    for scene in outcome.scenes:
        seen.update(scene.during)
        seen.update(scene.after)
    return {name: count for name, count in sorted(seen.items()) if name.startswith("wrong")}
