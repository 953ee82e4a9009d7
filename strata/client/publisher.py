"""Many events over one stream: batched, in order, sent again until they are acknowledged."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Final, Self

import grpc

from strata.client.calls import CallFailed, explained
from strata.client.events import Event, Refusal, to_message, to_published
from strata.v1 import event_pb2 as pb

BATCH_EVENTS: Final = 500
BATCH_BYTES: Final = 1 << 20
"""A batch is closed past this; the door takes 4 MiB."""
LINGER_S: Final = 0.005
"""How long a first event waits for others to share its batch."""
MAX_WAITING: Final = 20_000
"""Events not acknowledged yet, past which `publish` waits."""
_BACKOFF_S: Final = (0.05, 2.0)
_PASSING: Final = ("UNAVAILABLE", "RESOURCE_EXHAUSTED")

Refused = Callable[[pb.Event, str, tuple[Refusal, ...]], None]
"""Called for each event that is late or invalid, with its outcome and why; from the publisher's thread."""


class Publisher:
    """Publishes from any thread; `publish` returns at once unless too much waits.

        with client.publisher() as publisher:
            for event in events:
                publisher.publish(event)
        print(publisher.counts)

    Leaving the block waits until everything is acknowledged. A lost connection is made again and what was not
    acknowledged is sent again, so an event is delivered at least once and counted once. When nothing is acknowledged
    for `patience_s`, or the server refuses the stream for good, `publish`, `flush` and leaving the block raise
    CallFailed; what was not acknowledged then is in `waiting`.
    """

    def __init__(self, stub: Any, target: str, on_refused: Refused | None, *, patience_s: float) -> None:
        self.counts: Counter[str] = Counter()
        """Acknowledged events by outcome."""
        self._stub, self._target, self._on_refused, self._patience_s = stub, target, on_refused, patience_s
        self._changed = threading.Condition()
        self._open: deque[pb.Event] = deque()
        self._batches: deque[pb.StreamEventsRequest] = deque()
        """Made, and not acknowledged."""
        self._waiting = self._made = self._connection = 0
        self._closing = False
        self._failure: CallFailed | None = None
        self._call: Any = None
        self._progress_at, self._progressed = time.monotonic(), False
        self._thread = threading.Thread(target=self._run, name="strata-publisher", daemon=True)
        self._thread.start()

    def publish(self, event: Event | pb.Event) -> None:
        """Take an event to be sent. Raises InputInvalid for one no message can hold."""
        message = to_message(event)
        with self._changed:
            self._wait_for(lambda: self._waiting < MAX_WAITING)
            if not self._waiting:
                self._progress_at = time.monotonic()
            self._open.append(message)
            self._waiting += 1
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until every event taken so far is acknowledged."""
        with self._changed:
            self._wait_for(lambda: not self._waiting)

    @property
    def waiting(self) -> list[pb.Event]:
        """Events that are not acknowledged, in order."""
        with self._changed:
            return [event for batch in self._batches for event in batch.events] + list(self._open)

    def close(self) -> None:
        """Stop sending. What is not acknowledged stays in `waiting`."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            if self._waiting and self._call is not None:
                self._call.cancel()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            self.close()

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait as long as acknowledgements come. Raises CallFailed."""
        while not self._changed.wait_for(lambda: self._failure or condition(), self._left_s()):
            if self._left_s() == 0:
                self._failure = CallFailed(
                    "DEADLINE_EXCEEDED", f"{self._target} acknowledged nothing for {self._patience_s:g} s", ""
                )
        if self._failure is not None:
            raise self._failure

    def _left_s(self) -> float:
        """How long patience lasts, when something waits to be acknowledged."""
        return max(0.0, self._progress_at + self._patience_s - time.monotonic()) if self._waiting else self._patience_s

    def _run(self) -> None:
        delay_s = _BACKOFF_S[0]
        while (failure := self._stream()) is not None:
            with self._changed:
                if failure.code not in _PASSING or self._left_s() == 0:
                    self._failure = failure
                    self._changed.notify_all()
                    return
                if self._progressed:
                    delay_s = _BACKOFF_S[0]
                pause_s = failure.retry_after_s or delay_s * random.uniform(0.5, 1)
                if self._changed.wait_for(lambda: self._closing, pause_s):
                    return
            delay_s = min(2 * delay_s, _BACKOFF_S[1])

    def _stream(self) -> CallFailed | None:
        """One connection's life: how it failed, or None when it ended because the publisher closes."""
        with self._changed:
            self._connection += 1
            self._progressed = False
            if self._closing:
                return None
            self._call = self._stub.StreamEvents(self._requests(self._connection))
        failure = CallFailed("UNAVAILABLE", f"{self._target} ended the stream", "")
        try:
            for acknowledgement in self._call:
                self._take(acknowledgement)
        except grpc.RpcError as error:
            failure = explained(self._target, error)
        with self._changed:
            self._connection += 1
            self._changed.notify_all()
            return None if self._closing else failure

    def _requests(self, connection: int) -> Iterator[pb.StreamEventsRequest]:
        """What was sent before and not acknowledged, then batches as they fill. Runs in gRPC's thread."""
        with self._changed:
            again = list(self._batches)
        yield from again
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._open or self._closing or self._connection != connection)
                if self._connection == connection and not self._closing:
                    self._changed.wait_for(
                        lambda: len(self._open) >= BATCH_EVENTS or self._closing or self._connection != connection,
                        LINGER_S,
                    )
                if self._connection != connection or self._closing:
                    return
                batch = self._next_batch()
            yield batch

    def _next_batch(self) -> pb.StreamEventsRequest:
        self._made += 1
        batch, size = pb.StreamEventsRequest(batch_id=self._made), 0
        while self._open and len(batch.events) < BATCH_EVENTS and size < BATCH_BYTES:
            event = self._open.popleft()
            size += event.ByteSize()
            batch.events.append(event)
        self._batches.append(batch)
        return batch

    def _take(self, acknowledgement: pb.StreamEventsResponse) -> None:
        published = to_published(acknowledgement.result)
        with self._changed:
            batch = self._batches.popleft()
            self.counts += published.counts
            self._waiting -= len(batch.events)
            self._progress_at, self._progressed = time.monotonic(), True
            self._changed.notify_all()
        if self._on_refused is not None:
            for index, refusals in published.refusals.items():
                self._on_refused(batch.events[index], published.outcomes[index], refusals)
