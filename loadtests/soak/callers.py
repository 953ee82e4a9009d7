"""The load: single calls, batches, watches that come and go, events through the gateway."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import grpc

from loadtests.chaos.judging import outcome_of
from loadtests.live.load import make_event
from loadtests.soak.crowd import Crowd
from loadtests.soak.pace import Paced
from loadtests.soak.plan import Plan
from loadtests.soak.tally import Tally
from loadtests.soak.truth import Truth
from strata.v1 import event_pb2 as events_pb
from strata.v1 import segmentation_pb2 as pb
from strata.v1.event_pb2_grpc import EventServiceStub
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

DEADLINE_S: Final = 2.0
GRACE_S: Final = 0.5
"""A call that ends later than this after its deadline hung; a busy machine gives its threads back late."""
THREADS: Final = 4
BATCH: Final = 100
QUIET_SHARE: Final = 0.5
UNKNOWN_SHARE: Final = 0.02
WATCHED: Final = 25
"""Users of one watch."""
WATCH_S: Final = 20.0
"""A watch is left and begun again after so long."""
ENDS: Final = {
    ("CANCELLED", "Locally cancelled by application!"): "left",
    ("UNAVAILABLE", "max connection age"): "closed with its connection",
}
"""Of a watch that did not fail, in gRPC's words: what is on a connection still when it is closed says the latter
(`gateway.max_connection_age_s`, then `drain_s`)."""
EVENTS_PER_CALL: Final = 5
EVENT_CALL_S: Final = 10.0
SOURCES: Final = {
    pb.ASSIGNMENT_SOURCE_LIVE: "live", pb.ASSIGNMENT_SOURCE_LAST_KNOWN: "last_known",
    pb.ASSIGNMENT_SOURCE_FALLBACK: "fallback",
}  # fmt: skip


def timed(tally: Tally, kind: str, call: Callable[[], Sequence[str]], deadline_s: float = DEADLINE_S) -> None:
    """Make one call and note it: what it returns, or `error CODE`."""
    began_s = time.monotonic()
    try:
        outcomes = list(call())
    except grpc.RpcError as error:
        outcomes = [f"error {error.code().name}"]
    took_s = time.monotonic() - began_s
    if took_s > deadline_s + GRACE_S:
        outcomes.append("wrong: hung past its deadline")
    tally.note(kind, took_s, outcomes)


class Asker(Paced):
    """GetSegments of users of every kind."""

    def __init__(self, number: int, address: str, rate: float, stop: threading.Event, parts: Parts) -> None:
        super().__init__(f"ask-{number}", address, rate, stop)
        self._crowd, self._tally, self._truth = parts.crowd, parts.tally, parts.truth
        self._chance = random.Random(f"{parts.plan.seed}/ask/{number}")

    def step(self, channel: Any, turn: int) -> None:
        stub: Any = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
        draw = self._chance.random()
        if draw < UNKNOWN_SHARE:
            user, quiet, known = f"nobody-{turn}", False, False
        elif draw < QUIET_SHARE or not self._crowd.others:
            user, quiet, known = self._chance.choice(self._crowd.quiet), True, True
        elif self._chance.random() < 0.5:
            user, quiet, known = self._chance.choice(self._crowd.others), False, True
        else:
            user, quiet, known = self._chance.choice(self._crowd.active), False, False

        def call() -> list[str]:
            found = stub.GetSegments(pb.GetSegmentsRequest(user_id=user), timeout=DEADLINE_S).assignments
            if quiet:
                self._truth.answered(user, found)
            return [outcome_of(one, None, known=known) for one in found]

        timed(self._tally, "GetSegments", call)


class BatchAsker(Paced):
    """BatchGetSegments of a hundred users."""

    def __init__(self, address: str, rate: float, stop: threading.Event, parts: Parts) -> None:
        super().__init__("batch", address, rate, stop)
        self._users = [*parts.crowd.quiet, *parts.crowd.others, *parts.crowd.active]
        self._tally, self._chance = parts.tally, random.Random(f"{parts.plan.seed}/batch")

    def step(self, channel: Any, turn: int) -> None:
        stub: Any = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
        users = self._chance.sample(self._users, min(BATCH, len(self._users)))

        def call() -> list[str]:
            request = pb.BatchGetSegmentsRequest(user_ids=users, include_scores=bool(turn % 2))
            columns = stub.BatchGetSegments(request, timeout=DEADLINE_S).columns
            short = any(len(column.sources) != len(users) for column in columns)
            return [SOURCES.get(source, "wrong: no source") for column in columns for source in column.sources] + [
                "wrong: users are missing"
            ] * short

        timed(self._tally, "BatchGetSegments", call)


class Watcher(Paced):
    """WatchSegments of some users, left after a while and begun again."""

    def __init__(self, number: int, address: str, stop: threading.Event, parts: Parts) -> None:
        super().__init__(f"watch-{number}", address, 1.0, stop)
        self._users, self._tally = [*parts.crowd.quiet, *parts.crowd.active], parts.tally
        self._chance = random.Random(f"{parts.plan.seed}/watch/{number}")
        self._stream: Any = None

    def end(self) -> None:
        if self._stream is not None:
            self._stream.cancel()

    def step(self, channel: Any, turn: int) -> None:
        stub: Any = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
        users = self._chance.sample(self._users, min(WATCHED, len(self._users)))
        stream = stub.WatchSegments(pb.WatchSegmentsRequest(user_ids=users))
        self._stream = stream
        leave = threading.Timer(WATCH_S * (0.5 + self._chance.random()), stream.cancel)
        leave.daemon = True
        leave.start()
        self._tally.add("WatchSegments", "watches")
        try:
            for message in stream:
                self._tally.add("WatchSegments", "messages")
                self._tally.add("WatchSegments", "changes", len(message.changes))
                strange = sum(change.user_id not in users for change in message.changes)
                if strange:
                    self._tally.add("WatchSegments", "wrong: told of a user it does not watch", strange)
        except grpc.RpcError as error:
            self._tally.add("WatchSegments", how_it_ended(error))
        finally:
            leave.cancel()


def how_it_ended(error: Any) -> str:
    """Of a watch: left by its client, or closed with its connection, or else an error."""
    return ENDS.get((error.code().name, error.details()), f"error {error.code().name}")


class Publisher(Paced):
    """Events of the active users, a few a call: by PublishEvents, or over one long StreamEvents."""

    def __init__(self, name: str, address: str, rate: float, stop: threading.Event, parts: Parts) -> None:
        super().__init__(f"publish-{name}", address, rate / EVENTS_PER_CALL, stop)
        self._kind, self._streams = name, name == "StreamEvents"
        self._users, self._tally = parts.crowd.active, parts.tally
        self._chance = random.Random(f"{parts.plan.seed}/publish/{name}")
        self._stem = f"{name}-{time.time_ns():x}"
        self._sent: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._replies: Any = None

    def step(self, channel: Any, turn: int) -> None:
        stub: Any = EventServiceStub(channel)  # type: ignore[no-untyped-call]
        events = [
            make_event(f"{self._stem}-{turn}-{number}", self._chance.choice(self._users), self._chance)
            for number in range(EVENTS_PER_CALL)
        ]

        def call() -> list[str]:
            reply = self._stream(stub, turn, events) if self._streams else self._publish(stub, events)
            return [events_pb.EventOutcome.Name(each).removeprefix("EVENT_OUTCOME_").lower() for each in reply.outcomes]

        timed(self._tally, self._kind, call, EVENT_CALL_S)

    def _publish(self, stub: Any, events: Sequence[Any]) -> Any:
        return stub.PublishEvents(events_pb.PublishEventsRequest(events=events), timeout=EVENT_CALL_S)

    def _stream(self, stub: Any, turn: int, events: Sequence[Any]) -> Any:
        """Each batch waits for the one before; a broken stream is opened again."""
        if self._replies is None:
            self._sent = queue.SimpleQueue()
            self._replies = stub.StreamEvents(iter(self._sent.get, None))
        self._sent.put(events_pb.StreamEventsRequest(batch_id=turn, events=events))
        try:
            return next(self._replies).result
        except grpc.RpcError:
            self._replies = None
            self._sent.put(None)
            raise


class Parts:
    """What all callers share."""

    def __init__(self, plan: Plan, crowd: Crowd, tally: Tally, truth: Truth) -> None:
        self.plan, self.crowd, self.tally, self.truth = plan, crowd, tally, truth


def make_callers(gateway: str, door: str, stop: threading.Event, parts: Parts) -> list[Paced]:
    """All of them. `gateway`, `door`: the addresses of the gateway and of the stream process."""
    plan = parts.plan
    return [
        *(Asker(number, gateway, plan.calls_per_s / THREADS, stop, parts) for number in range(THREADS)),
        BatchAsker(gateway, plan.batches_per_s, stop, parts),
        *(Watcher(number, gateway, stop, parts) for number in range(plan.watchers)),
        Publisher("PublishEvents", gateway, plan.events_per_s / 2, stop, parts),
        Publisher("StreamEvents", door, plan.events_per_s / 2, stop, parts),
    ]
