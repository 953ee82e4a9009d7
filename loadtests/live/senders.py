"""Publishers that give up nothing: what is not acknowledged is sent again with the same ids, until it is."""

from __future__ import annotations

import queue
import random
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from typing import Any, Final

import grpc

from loadtests.live.ledger import Ledger
from loadtests.live.makers import PurchaseMaker
from strata.v1 import event_pb2 as pb
from strata.v1.event_pb2_grpc import EventServiceStub

CALL_S: Final = 10.0
PAUSE_S: Final = 0.1
PATIENCE_S: Final = 120.0
"""Without any acknowledgement for so long the proof has failed."""
WINDOW: Final = 8
BEHIND_S: Final = 0.5
"""A sender that was held up makes no more than this of its lost time good: a load, not a flood."""
PASSING: Final = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "CANCELLED")
OPTIONS: Final = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_reconnect_backoff_ms", 100),
                  ("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 50)]  # fmt: skip


class Sender(threading.Thread, ABC):
    """Offers a rate until told to end, then sees its last events acknowledged."""

    def __init__(
        self, name: str, address: str, maker: PurchaseMaker, ledger: Ledger, *, rate: float, batch: int
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._address, self._maker, self._ledger = address, maker, ledger
        self._rate, self._batch = rate, batch
        self._chance = random.Random(name)
        self._ending = threading.Event()
        self._due_s = time.monotonic()
        self._progress_s = time.monotonic()

    def end(self) -> None:
        """Make no more events."""
        self._ending.set()

    def run(self) -> None:
        """The thread's life."""
        channel = grpc.insecure_channel(self._address, options=OPTIONS)
        try:
            self._publish(EventServiceStub(channel))  # type: ignore[no-untyped-call]
        except Exception as error:  # a thread's end must not go unnoticed
            self._ledger.fail(f"{self.name} ended: {error!r}")
        finally:
            channel.close()

    @abstractmethod
    def _publish(self, stub: Any) -> None:
        """Offer events until ended; returns when the last one is acknowledged."""

    def _make(self) -> list[Any]:
        size = self._chance.randint(1, 2 * self._batch - 1)
        self._due_s = max(self._due_s, time.monotonic() - BEHIND_S) + size / self._rate
        return self._maker.batch(size)

    def _acknowledged(self, events: Any, reply: Any, sent_s: float) -> None:
        self._progress_s = time.monotonic()
        self._ledger.acknowledge(events, reply, sent_s)

    def _failed(self, error: grpc.RpcError, events: int) -> None:
        status = error.code().name
        self._ledger.failed(status, events)
        if status not in PASSING:
            self._ledger.fail(f"{self.name} was answered {status}: {error.details()}")
        if time.monotonic() - self._progress_s > PATIENCE_S:
            self._ledger.fail(f"{self.name} was not acknowledged for {PATIENCE_S:.0f} s; last: {error.details()}")
        time.sleep(PAUSE_S)


class CallSender(Sender):
    """One PublishEvents after the other."""

    def _publish(self, stub: Any) -> None:
        while not self._ending.is_set():
            self._send(stub, self._make())
            self._ending.wait(max(0.0, self._due_s - time.monotonic()))

    def _send(self, stub: Any, events: list[Any]) -> None:
        request = pb.PublishEventsRequest(events=events)
        while not self._ledger.fault:
            sent_s = time.monotonic()
            try:
                reply = stub.PublishEvents(request, timeout=CALL_S)
            except grpc.RpcError as error:
                self._failed(error, len(events))
            else:
                self._acknowledged(events, reply, sent_s)
                return


class StreamSender(Sender):
    """Batches over StreamEvents, several on their way; a broken stream is opened again with what it left."""

    def _publish(self, stub: Any) -> None:
        self._open: deque[tuple[Any, float]] = deque()
        self._made = 0
        while (self._open or not self._ending.is_set()) and not self._ledger.fault:
            requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
            again = [request for request, _ in self._open]
            self._open = deque((request, time.monotonic()) for request in again)
            for request in again:
                requests.put(request)
            try:
                self._stream(stub, requests)
            except grpc.RpcError as error:
                self._failed(error, sum(len(request.events) for request, _ in self._open))
            finally:
                requests.put(None)

    def _stream(self, stub: Any, requests: Any) -> None:
        replies = stub.StreamEvents(iter(requests.get, None))
        while self._fill(requests):
            reply = next(replies)
            request, sent_s = self._open.popleft()
            if reply.batch_id != request.batch_id:
                self._ledger.fail(f"batch {reply.batch_id} was acknowledged in the place of {request.batch_id}")
            self._acknowledged(request.events, reply.result, sent_s)
        requests.put(None)

    def _fill(self, requests: Any) -> bool:
        """Send what is due; False when everything is over."""
        while not self._ending.is_set() and len(self._open) < WINDOW:
            wait_s = self._due_s - time.monotonic()
            if wait_s > 0 and self._open:
                break
            if self._ending.wait(max(0.0, wait_s)):
                break
            self._made += 1
            request = pb.StreamEventsRequest(batch_id=self._made, events=self._make())
            self._open.append((request, time.monotonic()))
            requests.put(request)
        return bool(self._open)
