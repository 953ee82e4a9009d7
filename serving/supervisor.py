"""Keeps a gateway's workers alive, and ends them cleanly."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Final

from serving.metrics.heartbeat import beat_age_s
from serving.metrics.seen_files import HEARTBEAT, beside
from serving.order import WorkerOrder
from serving.replacement import Replacement
from serving.worker_process import WorkerProcess
from strata.errors import StrataError

POLL_S: Final = 0.1
START_S: Final = 60.0
"""A worker that has not answered its own call by then is taken for stuck."""
HANG_S: Final = 10.0
"""An event loop that has not come round for so long will not: whoever waits for it is better off with another."""
HANG_LOOKS: Final = 20
"""Looks in a row that must find it so: after a machine slept, or this process was stopped, workers beat first."""
REFUSED_PAUSE_S: Final = 5.0
"""Before a worker that cannot start is tried again, while others answer."""
STILL_S: Final = 10.0
"""A supervisor that has not looked after its workers for so long is no longer alive itself."""
_log = logging.getLogger("strata.supervisor")


class GatewayFailed(StrataError):
    """Workers cannot be kept alive; the sentence says why."""


@dataclass
class _Seat:
    """A worker's place: who sits there, or when the next one may."""

    order: WorkerOrder
    worker: WorkerProcess | None = None
    start_at_s: float = 0.0
    hung_looks: int = 0

    def looks_hung(self, now_s: float) -> bool:
        """Whether its worker's loop has stood still for too long, at enough looks in a row."""
        if self.worker is None or self.worker.ready_s is None:
            return False
        still_s = beat_age_s(beside(self.order.numbers, HEARTBEAT), self.worker.pid, now_s)
        self.hung_looks = self.hung_looks + 1 if still_s > HANG_S else 0
        return self.hung_looks >= HANG_LOOKS


class Supervisor:
    """Workers, one per order. Drive it with `run`."""

    def __init__(self, orders: Sequence[WorkerOrder], drain_s: float, announce: Callable[[], None]) -> None:
        """`announce` is called once, when every worker answers."""
        self._seats = [_Seat(order) for order in orders]
        self._drain_s, self._announce = drain_s, announce
        self._announced = self._ending = False
        self._looked_s = time.monotonic()
        self._replacement = Replacement()
        self.restarts = 0

    def run(self, stop: Event) -> None:
        """Start, watch and replace until `stop` is set; then drain. Raises GatewayFailed when that is pointless."""
        try:
            while not stop.wait(POLL_S if self._announced else POLL_S / 2):
                self.step(time.monotonic())
        finally:
            self._ending = True
            self._end_all()

    def conditions(self) -> dict[str, Callable[[], str]]:
        """By name: what asks whether it holds, answered with nothing, or with why not."""
        return {"startupz": self._not_started, "readyz": self._not_ready, "livez": self._not_live}

    def _not_started(self) -> str:
        return "" if self._announced else f"{self.alive()} of {len(self._seats)} workers answer for the first time"

    def _not_ready(self) -> str:
        if self._ending:
            return "the gateway drains: callers go elsewhere"
        return "" if self.alive() else "no worker answers"

    def _not_live(self) -> str:
        still_s = time.monotonic() - self._looked_s
        return "" if self._ending or still_s < STILL_S else f"nobody has looked after the workers for {still_s:.0f} s"

    def alive(self) -> int:
        """How many workers answer."""
        return sum(seat.worker is not None and seat.worker.ready_s is not None for seat in self._seats)

    def step(self, now_s: float) -> None:
        """Look at every worker once."""
        self._looked_s = now_s
        for seat in self._seats:
            if seat.worker is None:
                if now_s >= seat.start_at_s:
                    self._start(seat, now_s)
                continue
            seat.worker.look(now_s)
            if seat.worker.ended:
                self._bury(seat, seat.worker, now_s)
            elif seat.worker.ready_s is None and now_s - seat.worker.began_s > START_S:
                _log.error("worker stuck at start", extra={"fields": {"worker": seat.order.slot}})
                seat.worker.kill()
            elif seat.looks_hung(now_s):
                _log.error("worker hangs and is killed", extra={"fields": {"worker": seat.order.slot}})
                seat.worker.kill()
        if not self._announced and self.alive() == len(self._seats):
            self._announced = True
            self._announce()

    def _start(self, seat: _Seat, now_s: float) -> None:
        try:
            seat.worker = WorkerProcess(seat.order, now_s)
        except OSError as error:  # no memory, processes or descriptors left: that may pass
            self._postpone(seat, now_s, 0.0, f"a start that failed: {error}")

    def _bury(self, seat: _Seat, worker: WorkerProcess, now_s: float) -> None:
        worker.close()
        seat.worker, seat.hung_looks = None, 0
        if worker.refusal:
            self._refused(seat, worker.refusal, now_s)
            return
        self.restarts += 1
        served_s = 0.0 if worker.ready_s is None else now_s - worker.ready_s
        self._postpone(seat, now_s, served_s, worker.how_it_ended(), worker.pid)

    def _refused(self, seat: _Seat, reason: str, now_s: float) -> None:
        """What keeps one from starting may not trouble those that serve: they are worth more than a quick end."""
        if not (self._announced and self.alive()):
            raise GatewayFailed(reason)
        seat.start_at_s = now_s + REFUSED_PAUSE_S
        _log.error(
            "worker cannot start and is tried again",
            extra={"fields": {"worker": seat.order.slot, "reason": reason, "pause_s": REFUSED_PAUSE_S}},
        )

    def _postpone(self, seat: _Seat, now_s: float, served_s: float, how: str, pid: int | None = None) -> None:
        pause_s = self._replacement.pause_s(served_s)
        if self._replacement.hopeless:
            raise GatewayFailed(
                f"{self._replacement.short_lives} workers in a row died young, the last by {how}; "
                "the log tells what they did, and strata doctor looks for a damaged store"
            )
        seat.start_at_s = now_s + pause_s
        _log.warning(
            "worker died and is replaced",
            extra={"fields": {"worker": seat.order.slot, "pid": pid, "how": how, "pause_s": round(pause_s, 2)}},
        )

    def _end_all(self) -> None:
        """Drain everyone at once; who does not end in time is killed."""
        workers = [seat.worker for seat in self._seats if seat.worker is not None]
        for worker in workers:
            worker.ask_to_end()
        until_s = time.monotonic() + self._drain_s
        for worker in workers:
            if not worker.wait(until_s - time.monotonic()):
                _log.warning("worker killed: it did not drain in time", extra={"fields": {"pid": worker.pid}})
                worker.kill()
                worker.wait(5.0)
            worker.close()
