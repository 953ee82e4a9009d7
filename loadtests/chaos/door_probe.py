"""What the door says of an event's time, whatever the clock does."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import grpc

from loadtests.live.senders import OPTIONS
from strata.clock import SECOND_US
from strata.v1 import event_pb2 as pb
from strata.v1.event_pb2_grpc import EventServiceStub

CALL_S: Final = 10.0
USER: Final = "door-probe"
AHEAD_S: Final = 60


class DoorProbe:
    """Asks once for each setting of the clock."""

    def __init__(self, address: str) -> None:
        self._channel: Any = grpc.insecure_channel(address, options=OPTIONS)
        self._stub: Any = EventServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._asked, self._newest_us = 0, 0

    def close(self) -> None:
        """Let go of the connection."""
        self._channel.close()

    def ask(self) -> Counter[str]:
        """Publish an event without a time, one of now, one of a minute ahead; what was wrong with the verdicts.

        Now is what the door stamps: it never goes back, whatever its clock does.
        """
        seen: Counter[str] = Counter()
        now_us = self._publish(None)[1]
        seen["wrong: recorded_at went back"] += now_us < self._newest_us
        self._newest_us = now_us
        for ahead_s, wanted in ((0, pb.EVENT_OUTCOME_ACCEPTED), (AHEAD_S, pb.EVENT_OUTCOME_INVALID)):
            outcome, _ = self._publish(now_us + ahead_s * SECOND_US)
            said = pb.EventOutcome.Name(outcome).removeprefix("EVENT_OUTCOME_").lower()
            seen[f"event {ahead_s} s ahead: {said}"] += 1
            seen[f"wrong: an event {ahead_s} s ahead was {said}"] += outcome != wanted
        return +seen

    def _publish(self, at_us: int | None) -> tuple[int, int]:
        self._asked += 1
        event = pb.Event(event_id=f"{USER}-{self._asked}", user_id=USER, type=pb.EVENT_TYPE_VIEW, item_id="probe")
        if at_us is not None:
            event.event_time.FromMicroseconds(at_us)
        reply = self._stub.PublishEvents(pb.PublishEventsRequest(events=[event]), timeout=CALL_S)
        return reply.outcomes[0], reply.recorded_at.ToMicroseconds()
