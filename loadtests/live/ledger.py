"""What a publisher knows: every event it made, and which were acknowledged. The truth that counts are held to."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from strata.features.matching import hash64
from strata.v1 import event_pb2 as pb

_TAKEN = (pb.EVENT_OUTCOME_ACCEPTED, pb.EVENT_OUTCOME_DUPLICATE)


class Purchase(NamedTuple):
    """One event of the ledger."""

    user: str
    cents: int
    session: str


@dataclass(frozen=True)
class Expected:
    """What a user's state must say."""

    cents: int
    sessions: int
    """Distinct ones, as sets of 32-bit hashes count them: two sessions in some 10^9 are one."""


@dataclass(frozen=True)
class Acknowledgement:
    """One answer of the door."""

    sent_s: float
    at_s: float
    """Both by the monotonic clock."""
    recorded_us: int
    users: tuple[str, ...]
    """Whose purchases it accepted; visitors left out."""


class Ledger:
    """Written by every publisher, from any thread."""

    def __init__(self) -> None:
        self.purchases: dict[str, Purchase] = {}
        self.aliases: dict[str, str] = {}
        """Visitor to the known user."""
        self.acknowledged: set[str] = set()
        self.outcomes: Counter[str] = Counter()
        self.repeated = 0
        """Events sent once more because no answer came."""
        self.errors: Counter[str] = Counter()
        """Failed calls by status."""
        self.fault = ""
        """Something that must never happen, in a sentence."""
        self.newest_us = 0
        """The newest `recorded_at` of an answer."""
        self._newest: Acknowledgement | None = None
        self._changed = threading.Condition()

    def make(self, events: Sequence[tuple[str, Purchase]]) -> None:
        """Enter purchases, by id, before they are sent."""
        with self._changed:
            self.purchases.update(events)

    def alias(self, event_id: str, visitor: str, user: str) -> None:
        """Enter an alias before it is sent."""
        with self._changed:
            self.aliases[visitor] = user

    def acknowledge(self, events: Sequence[Any], reply: Any, sent_s: float) -> None:
        """Enter an answer to these messages."""
        recorded_us = reply.recorded_at.ToMicroseconds()
        accepted = [
            event.user_id
            for event, outcome in zip(events, reply.outcomes, strict=True)
            if outcome == pb.EVENT_OUTCOME_ACCEPTED and event.type == pb.EVENT_TYPE_PURCHASE
        ]
        refused = [i for i, outcome in enumerate(reply.outcomes) if outcome not in _TAKEN]
        with self._changed:
            if refused:
                event = events[refused[0]]
                self.fault = f"event {event.event_id} of {event.user_id} was refused: {reply.refusals[0]}"
            self.acknowledged.update(event.event_id for event in events)
            for outcome in reply.outcomes:
                self.outcomes[pb.EventOutcome.Name(outcome).removeprefix("EVENT_OUTCOME_").lower()] += 1
            self.newest_us = max(self.newest_us, recorded_us)
            users = tuple(sorted({user for user in accepted if user not in self.aliases and "visitor" not in user}))
            if users:
                self._newest = Acknowledgement(sent_s, time.monotonic(), recorded_us, users)
            self._changed.notify_all()

    def failed(self, status: str, events: int) -> None:
        """Enter a call that was not answered, and is repeated."""
        with self._changed:
            self.errors[status] += 1
            self.repeated += events

    def fail(self, sentence: str) -> None:
        """Enter what must not happen."""
        with self._changed:
            self.fault = self.fault or sentence
            self._changed.notify_all()

    def await_sent_after(self, moment_s: float, timeout_s: float) -> Acknowledgement | None:
        """The first answer that accepts something and was asked for after a moment; None when none comes in time."""

        def there() -> bool:
            return bool(self.fault) or (self._newest is not None and self._newest.sent_s > moment_s)

        with self._changed:
            self._changed.wait_for(there, timeout_s)
            return self._newest if self._newest is not None and self._newest.sent_s > moment_s else None

    def expected(self, hash_id: Callable[[str], int] = hash64) -> Mapping[str, Expected]:
        """Per user, a visitor's purchases with the user's it became."""
        cents: Counter[str] = Counter()
        sessions: defaultdict[str, set[int]] = defaultdict(set)
        for purchase in self.purchases.values():
            user = self.aliases.get(purchase.user, purchase.user)
            cents[user] += purchase.cents
            sessions[user].add(hash_id(purchase.session) & 0xFFFFFFFF)
        return {user: Expected(cents[user], len(sessions[user])) for user in sorted(sessions)}

    def events_of(self, user: str) -> list[tuple[str, Purchase]]:
        """Every purchase that counts for a user, by id."""
        return sorted(
            (event_id, one) for event_id, one in self.purchases.items() if self.aliases.get(one.user, one.user) == user
        )
