"""Fault after fault, in a seeded order, under callers who know the right answer."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadtests.chaos.faults import FAULTS, Fault
from loadtests.chaos.living_trial import LIVING, LivingTrial
from loadtests.chaos.scenes import ASKED_ABOUT, RECOVERY_S, Scene, Trial, await_streak
from loadtests.chaos.watchers import DEADLINE_S, Watchers, judge_by, learn
from loadtests.chaos.world import World
from loadtests.live.report import spread
from strata.errors import StrataError
from strata.settings import Settings

Say = Callable[[str], None]


@dataclass
class Outcome:
    """What was seen."""

    scenes: list[Scene] = field(default_factory=list)
    users: int = 0
    memory_mb: tuple[float, float] = (0.0, 0.0)
    """Of the gateway's workers, before the first fault and after the last."""
    moved_by_clock: int = 0
    """Users asked about who have another segment when the clock is set ahead or back."""
    seconds: float = 0.0


def run_chaos(settings: Settings, trial: Trial, folder: Path, users: list[str], say: Say) -> Outcome:
    """Do it. Raises StrataError when the gateway is not sound before the first fault, or a server stays down."""
    began, outcome = time.monotonic(), Outcome()
    standing, living = faults_of(trial)
    chosen = random.Random(trial.seed).sample(users, min(ASKED_ABOUT, len(users)))
    if standing:
        _run_standing(settings, trial, _below(folder, "standing"), (chosen, standing, say), outcome)
    if living:
        running = LivingTrial(settings, trial, _below(folder, "living"), say)
        order = random.Random(f"{trial.seed}/living")
        faults = [fault for _ in range(trial.rounds) for fault in order.sample(living, len(living))]
        outcome.scenes += running.run(users, faults)
        outcome.users = outcome.users or running.users
        outcome.moved_by_clock = running.moved
    outcome.seconds = time.monotonic() - began
    return outcome


def faults_of(trial: Trial) -> tuple[list[Fault], list[str]]:
    """Those that can happen in its world: while the clock stands, and the names of those of a platform that lives.

    Raises StrataError for a name that is none of them.
    """
    standing = [fault for fault in FAULTS if trial.kind in fault.kinds]
    living = list(LIVING) if trial.kind == "lmdb" else []
    names = [fault.name for fault in standing] + living
    unknown = set(trial.only) - set(names)
    if unknown:
        raise StrataError(
            f"no fault of a world on {trial.kind} is called {', '.join(sorted(unknown))}; there are: {', '.join(names)}"
        )
    wanted = set(trial.only or names)
    return [fault for fault in standing if fault.name in wanted], [name for name in living if name in wanted]


def _run_standing(
    settings: Settings, trial: Trial, folder: Path, told: tuple[list[str], list[Fault], Say], outcome: Outcome
) -> None:
    """Faults of a platform whose clock stands still: the right segments are known beforehand."""
    chosen, faults, say = told
    chance = random.Random(f"{trial.seed}/standing")
    world = World(settings, trial.kind, folder, chosen)
    with ExitStack() as stack:
        world.start(stack)
        expected = _learn(world, chosen)
        outcome.users = len(expected)
        with Watchers(world.gateway.address, expected, judge_by(expected), trial.threads) as watchers:
            await_streak(watchers, 0.0)
            before = _memory_mb(world)
            watchers.take()
            for _ in range(trial.rounds):
                for fault in chance.sample(faults, len(faults)):
                    outcome.scenes.append(_play(world, fault, watchers, trial.hold_s, say))
            outcome.memory_mb = before, _memory_mb(world)


def _below(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name


def _play(world: World, fault: Fault, watchers: Watchers, hold_s: float, say: Say) -> Scene:
    made = fault.make(world)
    time.sleep(hold_s)
    seen, took_ms = watchers.take()
    during = seen + (made or Counter())
    mended = fault.mend(world)
    recovery_s = await_streak(watchers, time.monotonic())
    after = watchers.take()[0] + (mended or Counter())
    scene = Scene(fault.name, during, after, recovery_s, took_ms, fault.unavailable_share)
    say(scene.words())
    return scene


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


def document_of(trial: Trial, outcome: Outcome) -> dict[str, Any]:
    """Everything, as plain values (keys: docs/live_proofs.md)."""
    return {
        "trial": {"kind": trial.kind, "seed": trial.seed, "rounds": trial.rounds, "hold_s": trial.hold_s},
        "deadline_s": DEADLINE_S,
        "users": outcome.users,
        "seconds": round(outcome.seconds, 1),
        "moved_by_clock": outcome.moved_by_clock,
        "workers_memory_mb": [round(each, 1) for each in outcome.memory_mb],
        "scenes": [
            {
                "fault": scene.fault,
                "during": dict(sorted(scene.during.items())),
                "after": dict(sorted(scene.after.items())),
                "during_ms": spread(scene.during_ms, 1),
                "recovery_s": round(scene.recovery_s, 2),
                "wrong": dict(sorted(scene.wrong().items())),
            }
            for scene in outcome.scenes
        ],
        "wrong": wrong_of(outcome),
    }


def wrong_of(outcome: Outcome) -> dict[str, int]:
    """What must never be, over all faults; errors past what is allowed with the fault's name."""
    return dict(sorted(sum((scene.wrong() for scene in outcome.scenes), Counter()).items()))
