"""Faults of a platform that takes events while it answers: its clock is set, the disk under its log is full."""

from __future__ import annotations

import random
import resource
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import grpc
import psutil

from loadtests.chaos.clock_judge import SHIFTS_S, ClockJudge, Right, learn_right, moved
from loadtests.chaos.door_probe import DoorProbe
from loadtests.chaos.living_world import LivingWorld
from loadtests.chaos.scenes import ASKED_ABOUT, Scene, Trial, await_streak
from loadtests.chaos.watchers import Watchers
from loadtests.live.compare import wrong_history
from loadtests.live.counted import history_counts
from loadtests.live.ledger import Ledger
from loadtests.live.makers import PurchaseMaker
from loadtests.live.senders import OPTIONS, CallSender, Sender, StreamSender
from strata.errors import StrataError
from strata.settings import Settings
from strata.v1 import segmentation_pb2 as pb
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

Say = Callable[[str], None]
CLOCK: Final = "clock jumped"
LOG_FULL: Final = "disk full under the log"
LIVING: Final = (CLOCK, LOG_FULL)
RATE: Final = 60.0
"""Events a second, of all senders."""
BUYERS: Final = 50
WAIT_S: Final = 30.0
"""For what a sound platform does within a second."""
LOOK_S: Final = 0.5


class LivingTrial:
    """One world, some of the faults."""

    def __init__(self, settings: Settings, trial: Trial, folder: Path, say: Say) -> None:
        self._trial, self._say = trial, say
        self._world = LivingWorld(settings, folder)
        self._ledger = Ledger()
        self.users = self.moved = 0

    def run(self, users: Sequence[str], faults: Sequence[str]) -> list[Scene]:
        """A scene for each setting of the clock, one for a full disk. Raises StrataError when it does not come back."""
        world, scenes = self._world, list[Scene]()
        with ExitStack() as stack:
            world.start(stack)
            right = learn_right(world.shifted, world.gateway.address, users)
            known = self._choose(right)
            judge = ClockJudge(right, world.clock)
            probe = DoorProbe(world.stream.address)
            stack.callback(probe.close)
            senders = self._start_senders(stack)
            watch = stack.enter_context(Watch(world.gateway.address, known))
            with Watchers(world.gateway.address, known, judge, self._trial.threads) as watchers:
                await_streak(watchers, 0.0)
                watchers.take()
                workers = {worker.pid for worker in world.gateway.workers()}
                for fault in faults:
                    if fault == CLOCK:
                        scenes += [self._set_clock(shift_s, judge, watchers, probe) for shift_s in SHIFTS_S]
                    else:
                        scenes.append(self._fill_disk(watchers))
                scenes[-1].after["wrong: a worker ended"] += workers != {one.pid for one in world.gateway.workers()}
                scenes[-1].after["wrong: a watch broke"] += watch.broken
            self._settle(senders, scenes[-1].after)
        scenes[-1].after = +scenes[-1].after  # without what was not wrong
        return scenes

    def _choose(self, right: Right) -> list[str]:
        """Whom to ask about: first of all those whom the clock moves."""
        movers, everybody = moved(right), {user for user, _ in right[0.0]}
        if not everybody:
            raise StrataError("no user is answered live before anything is broken")
        chance = random.Random(f"{self._trial.seed}/asked")
        others = chance.sample(sorted(everybody - movers), len(everybody - movers))
        known = [*sorted(movers), *others][:ASKED_ABOUT]
        self.users, self.moved = len(known), len(movers.intersection(known))
        return known

    def _start_senders(self, stack: ExitStack) -> list[Sender]:
        world, ledger, seed = self._world, self._ledger, self._trial.seed
        users = [f"buyer-{number}" for number in range(BUYERS)]

        def maker(name: str) -> PurchaseMaker:
            return PurchaseMaker(f"{name}-{seed}", seed, users, ledger, world.clock.now_us)

        door, gateway = world.stream.address, world.gateway.address
        senders: list[Sender] = [
            StreamSender("stream", door, maker("s"), ledger, rate=RATE / 2, batch=10),
            CallSender("gateway", gateway, maker("g"), ledger, rate=RATE / 2, batch=5),
        ]
        for sender in senders:
            sender.start()
            stack.callback(sender.end)
        if ledger.await_sent_after(0.0, WAIT_S) is None:
            raise StrataError(ledger.fault or "no event was acknowledged")
        return senders

    def _set_clock(self, shift_s: float, judge: ClockJudge, watchers: Watchers, probe: DoorProbe) -> Scene:
        """Set it, hold it; the door and the prediction log are looked at while it stands so."""
        world = self._world
        name = f"{CLOCK}, {shift_s / 3600:+.0f} h" if shift_s else f"{CLOCK}, right again"
        written = world.predictions.count()
        judge.turned(shift_s)
        world.shifted.set(shift_s)
        began_s = time.monotonic()
        time.sleep(self._trial.hold_s)
        seen = probe.ask()
        seen += world.predictions.await_more(written)
        seen["wrong: events are not taken"] += self._ledger.await_sent_after(began_s, WAIT_S) is None
        during, took_ms = watchers.take()
        return self._ended(name, (during + seen, took_ms), watchers)

    def _fill_disk(self, watchers: Watchers) -> Scene:
        """No file of the stream process may grow: neither its log, nor its state, nor the history."""
        errors = Counter(self._ledger.errors)
        stream = psutil.Process(self._world.stream.pid)
        stream.rlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        time.sleep(self._trial.hold_s)
        during, took_ms = watchers.take()
        during.update({f"publish {code}": count for code, count in (self._ledger.errors - errors).items()})
        stream.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        mended_s = time.monotonic()
        during["wrong: events are not taken again"] += self._ledger.await_sent_after(mended_s, WAIT_S) is None
        return self._ended(LOG_FULL, (during, took_ms), watchers)

    def _ended(self, name: str, taken: tuple[Counter[str], list[float]], watchers: Watchers) -> Scene:
        recovery_s = await_streak(watchers, time.monotonic())
        during, took_ms = taken
        scene = Scene(name, +during, watchers.take()[0], recovery_s, took_ms)
        self._say(scene.words())
        return scene

    def _settle(self, senders: Sequence[Sender], seen: Counter[str]) -> None:
        """Let every event be acknowledged and written, end the stream, and hold the history to the ledger.

        A stream process that is asked to end while it waits to try again leaves the rest to its next start, in the log.
        """
        for sender in senders:
            sender.end()
        for sender in senders:
            sender.join(WAIT_S)
        ledger, until_s = self._ledger, time.monotonic() + WAIT_S
        while wrong_history(ledger, self._written()) and time.monotonic() < until_s:
            time.sleep(LOOK_S)
        code = self._world.stream.stop()
        lacking = ledger.purchases.keys() - ledger.acknowledged
        ours = self._written()
        faults = [ledger.fault] * bool(ledger.fault) + wrong_history(ledger, ours)
        faults += [f"{len(lacking)} events were never acknowledged"] * bool(lacking)
        faults += [f"the stream ended with {code}"] * bool(code)
        seen["events acknowledged"] = len(ledger.acknowledged)
        seen.update({f"wrong: {fault}": 1 for fault in faults})

    def _written(self) -> Counter[tuple[str, str]]:
        """How often the history holds each of the events sent."""
        held = history_counts(self._world.place.home / "history")
        return Counter({key: count for key, count in held.items() if key[1] in self._ledger.purchases})


class Watch:
    """A WatchSegments stream over all of it."""

    def __init__(self, address: str, users: Sequence[str]) -> None:
        self._channel: Any = grpc.insecure_channel(address, options=OPTIONS)
        stub: Any = SegmentationServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._call = stub.WatchSegments(pb.WatchSegmentsRequest(user_ids=users))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self.broken = False

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *exit_: object) -> None:
        self._call.cancel()
        self._thread.join()
        self._channel.close()

    def _listen(self) -> None:
        try:
            for _ in self._call:
                pass
        except grpc.RpcError as error:
            self.broken = error.code() is not grpc.StatusCode.CANCELLED
