"""Keeps a gateway's workers alive, and ends them cleanly."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Final

from serving.order import WorkerOrder
from serving.replacement import Replacement
from serving.worker_process import WorkerProcess
from strata.errors import StrataError

POLL_S: Final = 0.1
START_S: Final = 60.0
"""A worker that has not answered its own call by then is taken for stuck."""
_log = logging.getLogger("strata.supervisor")


class GatewayFailed(StrataError):
    """Workers cannot be kept alive; the sentence says why."""


@dataclass
class _Seat:
    """A worker's place: who sits there, or when the next one may."""

    order: WorkerOrder
    worker: WorkerProcess | None = None
    start_at_s: float = 0.0


class Supervisor:
    """Workers, one per order. Drive it with `run`."""

    def __init__(self, orders: Sequence[WorkerOrder], drain_s: float, announce: Callable[[], None]) -> None:
        """`announce` is called once, when every worker answers."""
        self._seats = [_Seat(order) for order in orders]
        self._drain_s, self._announce = drain_s, announce
        self._announced = False
        self._replacement = Replacement()
        self.restarts = 0

    def run(self, stop: Event) -> None:
        """Start, watch and replace until `stop` is set; then drain. Raises GatewayFailed when that is pointless."""
        try:
            while not stop.wait(POLL_S if self._announced else POLL_S / 2):
                self.step(time.monotonic())
        finally:
            self._end_all()

    def alive(self) -> int:
        """How many workers answer."""
        return sum(seat.worker is not None and seat.worker.ready_s is not None for seat in self._seats)

    def step(self, now_s: float) -> None:
        """Look at every worker once."""
        for seat in self._seats:
            if seat.worker is None:
                if now_s >= seat.start_at_s:
                    seat.worker = WorkerProcess(seat.order, now_s)
                continue
            seat.worker.look(now_s)
            if seat.worker.ended:
                self._bury(seat, seat.worker, now_s)
            elif seat.worker.ready_s is None and now_s - seat.worker.began_s > START_S:
                _log.error("worker stuck at start", extra={"fields": {"worker": seat.order.slot}})
                seat.worker.kill()
        if not self._announced and self.alive() == len(self._seats):
            self._announced = True
            self._announce()

    def _bury(self, seat: _Seat, worker: WorkerProcess, now_s: float) -> None:
        worker.close()
        seat.worker = None
        if worker.refusal:
            raise GatewayFailed(worker.refusal)
        how = worker.how_it_ended()
        served_s = 0.0 if worker.ready_s is None else now_s - worker.ready_s
        pause_s = self._replacement.pause_s(served_s)
        if self._replacement.hopeless:
            raise GatewayFailed(
                f"{self._replacement.short_lives} workers in a row died young, the last by {how}; "
                "the log tells what they did, and strata doctor looks for a damaged store"
            )
        seat.start_at_s = now_s + pause_s
        self.restarts += 1
        _log.warning(
            "worker died and is replaced",
            extra={"fields": {"worker": seat.order.slot, "pid": worker.pid, "how": how, "pause_s": round(pause_s, 2)}},
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
