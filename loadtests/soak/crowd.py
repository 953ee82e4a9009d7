"""Who is asked about: users nothing happens to, who can be held to an answer, and users of whom events come in."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc

from loadtests.live.asking import live_segments
from loadtests.live.load import make_event
from loadtests.live.senders import OPTIONS
from strata.errors import StrataError
from strata.v1 import event_pb2 as events_pb
from strata.v1.event_pb2_grpc import EventServiceStub
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

QUIET: Final = 300
MOST_EVENTS: Final = 30
"""Of a quiet user, over the six days before the soak."""
SIX_DAYS_US: Final = 6 * 86_400 * 1_000_000
BEGIN_S: Final = 60.0
CALL_S: Final = 10.0


@dataclass(frozen=True)
class Crowd:
    """Users by what is known of them."""

    quiet: Sequence[str]
    """Known to the platform, and nothing happens to them any more."""
    others: Sequence[str]
    """Known to the platform; events of theirs may come in."""
    active: Sequence[str]
    """Those the soak's own events are of; unknown until the first."""


def settle_quiet(address: str, seed: int) -> list[str]:
    """Publish what happened to so many users before, and wait until each is answered live.

    Raises StrataError when an event is refused, or when they are not all live in time.
    """
    users = [f"quiet-{number}" for number in range(QUIET)]
    with grpc.insecure_channel(address, options=OPTIONS) as channel:
        publish = EventServiceStub(channel).PublishEvents  # type: ignore[no-untyped-call]
        ask = SegmentationServiceStub(channel).BatchGetSegments  # type: ignore[no-untyped-call]
        _publish(publish, users, random.Random(f"{seed}/quiet"))
        _await_live(ask, users)
    return users


def _publish(publish: Any, users: Sequence[str], chance: random.Random) -> None:
    now_us = publish(events_pb.PublishEventsRequest(), timeout=CALL_S).recorded_at.ToMicroseconds()
    for user in users:
        events = []
        for number in range(1 + chance.randrange(MOST_EVENTS)):
            event = make_event(f"{user}-{number}", user, chance)
            event.event_time.FromMicroseconds(now_us - chance.randrange(SIX_DAYS_US))
            events.append(event)
        reply = publish(events_pb.PublishEventsRequest(events=events), timeout=CALL_S)
        if reply.counts.accepted + reply.counts.duplicate != len(events):
            raise StrataError(f"events of {user} were refused: {reply}")


def _await_live(ask: Any, users: Sequence[str]) -> None:
    deadline_s = time.monotonic() + BEGIN_S
    while time.monotonic() < deadline_s:
        found = live_segments(ask, users)
        segmenters = {segmenter for _, segmenter in found}
        if found and len(found) == len(users) * len(segmenters):
            return
        time.sleep(0.2)
    raise StrataError(f"of {len(users)} users only some were answered live after their events were acknowledged")
