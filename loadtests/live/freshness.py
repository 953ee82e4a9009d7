"""How long after its acknowledgement an event shows: in GetSegments, and in a message of WatchSegments."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import grpc

from loadtests.live.loading import load
from loadtests.live.places import make_place
from loadtests.live.servers import Broker, Gateway, Redis, Server, Stream
from strata.errors import StrataError
from strata.settings import Settings
from strata.v1 import event_pb2 as events_pb
from strata.v1 import segmentation_pb2 as pb
from strata.v1.event_pb2_grpc import EventServiceStub
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

Say = Callable[[str], None]
SEGMENTER: Final = "value_tiers"
POLL_S: Final = 0.001
"""Between an answer that does not show the event yet and the next question."""
LOST_S: Final = 10.0
SETTLE_S: Final = 2.0
"""The load runs this long before the first probe."""
LOAD_BATCH: Final = 20
PROBE_EVERY_S: Final = 0.05


@dataclass(frozen=True)
class Trial:
    """What to do."""

    rate: float
    seconds: float
    log: str
    state: str
    users: int
    probers: int
    watch: bool


@dataclass
class Outcome:
    """Seconds, one per probe."""

    visible_s: list[float] = field(default_factory=list)
    """From the acknowledgement, as its client sees it, to the arrival of the first answer that holds the event."""
    acknowledged_s: list[float] = field(default_factory=list)
    """From the publishing to the acknowledgement."""
    told_s: list[float] = field(default_factory=list)
    """From the acknowledgement to the WatchSegments message; negative when the message came first."""
    lost: int = 0
    """Probes that did not show in time."""
    untold: int = 0
    load: dict[str, Any] = field(default_factory=dict)


def measure_freshness(settings: Settings, trial: Trial, folder: Path, say: Say) -> Outcome:
    """In a scratch home, under load. Raises StrataError when a server does not start or the load breaks."""
    place = make_place(settings, folder, log=trial.log, state=trial.state)
    outcome = Outcome()
    with ExitStack() as stack:
        kinds: list[tuple[bool, Any]] = [
            (trial.state == "redis", Redis), (trial.log == "kafka", Broker), (True, Stream), (True, Gateway),
        ]  # fmt: skip
        servers: list[Server] = [stack.enter_context(make(place)) for wanted, make in kinds if wanted]
        say(f"{', '.join(server.name for server in servers)} serve; making events")
        door, gateway = f"127.0.0.1:{place.stream_port}", f"127.0.0.1:{place.gateway_port}"
        count = int(trial.rate * (trial.seconds + SETTLE_S + 1))
        offered = stack.enter_context(
            load(door, events=count, batch=LOAD_BATCH, rate=trial.rate, users=trial.users, seed=1)
        )
        channel = stack.enter_context(grpc.insecure_channel(door))
        asked = stack.enter_context(grpc.insecure_channel(gateway))
        publish = EventServiceStub(channel).PublishEvents  # type: ignore[no-untyped-call]
        segments = SegmentationServiceStub(asked)  # type: ignore[no-untyped-call]
        offered.go()
        time.sleep(SETTLE_S)
        say(f"probing for {trial.seconds:.0f} s under {trial.rate:,.0f} events/s")
        until_s = time.monotonic() + trial.seconds
        probes: list[threading.Thread] = [
            GetProbe(number, publish, segments.GetSegments, trial.users, until_s, outcome)
            for number in range(trial.probers)
        ]
        if trial.watch:
            probes.append(WatchProbe(publish, segments, until_s, outcome))
        for probe in probes:
            probe.start()
        for probe in probes:
            probe.join()
        outcome.load = offered.result()
    if not outcome.visible_s:
        raise StrataError("no event showed in GetSegments; see the logs in " + str(folder))
    return outcome


def publish_one(publish: Any, user: str, event_id: str, cents: int = 1_000) -> tuple[float, int]:
    """Publish a purchase; the seconds it took, and when it was recorded. Raises StrataError when it is not accepted."""
    event = events_pb.Event(
        event_id=event_id, user_id=user, type=events_pb.EVENT_TYPE_PURCHASE, session_id=event_id, item_id="probe",
        category="probe", value=events_pb.Money(units=cents // 100), quantity=1,
    )  # fmt: skip
    began_s = time.monotonic()
    reply = publish(events_pb.PublishEventsRequest(events=[event]), timeout=LOST_S)
    took_s = time.monotonic() - began_s
    if reply.outcomes[0] != events_pb.EVENT_OUTCOME_ACCEPTED:
        raise StrataError(f"a probe was not accepted: {reply}")
    return took_s, reply.recorded_at.ToMicroseconds()


class GetProbe(threading.Thread):
    """Publishes one event of a rotating user and asks for the user's segments until they hold it."""

    def __init__(self, number: int, publish: Any, ask: Any, users: int, until_s: float, outcome: Outcome) -> None:  # noqa: PLR0917 - a thread's own parts
        super().__init__(daemon=True)
        self._number, self._publish, self._ask = number, publish, ask
        self._users, self._until_s, self._outcome = users, until_s, outcome

    def run(self) -> None:
        for turn in itertools.count():
            if time.monotonic() >= self._until_s:
                return
            user = f"load-{(turn * 31 + self._number * 7) % self._users}"
            took_s, recorded_us = publish_one(self._publish, user, f"probe-{self._number}-{turn}")
            acknowledged_s = time.monotonic()
            seen_s = self._await_visible(user, recorded_us, acknowledged_s + LOST_S)
            self._outcome.acknowledged_s.append(took_s)
            if seen_s is None:
                self._outcome.lost += 1
            else:
                self._outcome.visible_s.append(seen_s - acknowledged_s)
            time.sleep(PROBE_EVERY_S)

    def _await_visible(self, user: str, recorded_us: int, deadline: float) -> float | None:
        request = pb.GetSegmentsRequest(user_id=user, segmenters=[SEGMENTER])
        while time.monotonic() < deadline:
            reply = self._ask(request, timeout=LOST_S)
            seen_s = time.monotonic()
            if holds(reply, recorded_us):
                return seen_s
            time.sleep(POLL_S)
        return None


def holds(reply: Any, recorded_us: int) -> bool:
    """Whether an answer was computed from everything recorded until then."""
    as_of_us = reply.as_of.ToMicroseconds()
    return all(
        one.HasField("feature_age") and as_of_us - one.feature_age.ToMicroseconds() >= recorded_us
        for one in reply.assignments
    )


class WatchProbe(threading.Thread):
    """Watches users nothing is known of; each one's first purchase gives it a segment, which a message tells."""

    def __init__(self, publish: Any, segments: Any, until_s: float, outcome: Outcome) -> None:
        super().__init__(daemon=True)
        self._publish, self._until_s, self._outcome = publish, until_s, outcome
        self._users = [f"watched-{number}" for number in range(int((until_s - time.monotonic()) / PROBE_EVERY_S) + 1)]
        self._told_s: dict[str, float] = {}
        self._begun: set[str] = set()
        """Users whose first segment was told: a change before that is no change to the watcher."""
        self._changed = threading.Condition()
        request = pb.WatchSegmentsRequest(user_ids=self._users, segmenters=[SEGMENTER])
        self._call = segments.WatchSegments(request)

    def run(self) -> None:
        listener = threading.Thread(target=self._listen, daemon=True)
        listener.start()
        with self._changed:
            self._changed.wait_for(lambda: len(self._begun) == len(self._users), LOST_S)
        probes = iter(self._users)
        while time.monotonic() < self._until_s and (user := next(probes, None)) is not None:
            publish_one(self._publish, user, f"first-{user}", 20_000)
            self._take(user, time.monotonic())
            time.sleep(PROBE_EVERY_S)
        self._call.cancel()
        listener.join()

    def _take(self, user: str, acknowledged_s: float) -> None:
        with self._changed:
            if self._changed.wait_for(lambda: user in self._told_s, LOST_S):
                self._outcome.told_s.append(self._told_s[user] - acknowledged_s)
            else:
                self._outcome.untold += 1

    def _listen(self) -> None:
        try:
            for message in self._call:
                at_s = time.monotonic()
                with self._changed:
                    self._begun.update(change.user_id for change in message.changes)
                    self._told_s.update(_by_event(message.changes, at_s))
                    self._changed.notify_all()
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.CANCELLED:
                raise


def _by_event(changes: Sequence[Any], at_s: float) -> dict[str, float]:
    return {change.user_id: at_s for change in changes if change.cause == pb.CHANGE_CAUSE_EVENT}
