"""Seeded purchases for some hundred users, visitors among them who become one of these, and repeats on purpose."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from loadtests.live.ledger import Ledger, Purchase
from strata.clock import SECOND_US, system_us
from strata.v1 import event_pb2 as pb

REPEATS: Final = 0.05
"""The share of events that are sent again although they were acknowledged, or are on their way."""
REMEMBERED: Final = 3_000
EARLIER: Final = 0.2
"""The share that happened up to six days ago; the rest happens now."""
SIX_DAYS_US: Final = 6 * 86_400 * SECOND_US
VISITORS: Final = 0.05
ALIASES: Final = 0.002
"""The share of events that tell who a visitor is."""


class PurchaseMaker:
    """Makes batches, each event entered in the ledger. For one thread."""

    def __init__(
        self, name: str, seed: int, users: Sequence[str], ledger: Ledger, now_us: Callable[[], int] = system_us
    ) -> None:
        """`now_us`: the platform's clock, as far as a publisher knows it."""
        self._name, self._users, self._ledger, self._now_us = name, users, ledger, now_us
        self._chance = random.Random(f"{seed}/{name}")
        self._sent: deque[Any] = deque(maxlen=REMEMBERED)
        self._made = self._visitors = 0
        self._known: list[str] = []
        """Visitors who became users; now and then one of their old devices still speaks."""

    def batch(self, size: int) -> list[Any]:
        """So many messages."""
        made: list[tuple[str, Purchase]] = []
        events = [self._next(made) for _ in range(size)]
        self._ledger.make(made)
        self._sent.extend(event for event in events if event.type == pb.EVENT_TYPE_PURCHASE)
        return events

    def _next(self, made: list[tuple[str, Purchase]]) -> Any:
        draw = self._chance.random()
        if draw < REPEATS and self._sent:
            return self._chance.choice(self._sent)
        if draw > 1 - ALIASES and self._visitors:
            return self._alias()
        self._made += 1
        event_id = f"{self._name}-{self._made}"
        purchase = Purchase(self._user(), self._chance.randint(1, 50_000), f"visit-{event_id}")
        made.append((event_id, purchase))
        event = pb.Event(
            event_id=event_id,
            user_id=purchase.user,
            type=pb.EVENT_TYPE_PURCHASE,
            session_id=purchase.session,
            item_id=f"item-{self._chance.randrange(500)}",
            category=f"aisle-{self._chance.randrange(20)}",
            value=pb.Money(units=purchase.cents // 100, nanos=purchase.cents % 100 * 10_000_000),
            quantity=1,
        )
        if self._chance.random() < EARLIER:
            event.event_time.FromMicroseconds(self._now_us() - int(self._chance.random() * SIX_DAYS_US))
        return event

    def _user(self) -> str:
        if self._chance.random() >= VISITORS:
            return self._chance.choice(self._users)
        if self._known and self._chance.random() < 0.3:
            return self._chance.choice(self._known)
        self._visitors = max(1, self._visitors)
        return self._visitor()

    def _visitor(self) -> str:
        return f"{self._name}-visitor-{self._visitors}"

    def _alias(self) -> Any:
        """The present visitor is one of the users; the next one comes."""
        visitor, user = self._visitor(), self._chance.choice(self._users)
        self._made += 1
        event_id = f"{self._name}-{self._made}"
        self._ledger.alias(event_id, visitor, user)
        self._known.append(visitor)
        self._visitors += 1
        message = pb.Event(event_id=event_id, user_id=visitor, type=pb.EVENT_TYPE_ALIAS)
        message.alias.known_user_id = user
        return message
