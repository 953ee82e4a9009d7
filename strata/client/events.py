"""Events as plain, frozen objects, and what became of them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from strata.client.words import to_instant, word_of
from strata.errors import InputInvalid
from strata.v1 import event_pb2 as pb

CUSTOM: Final = "custom:"
Amount = Decimal | int | str


@dataclass(frozen=True, slots=True)
class Event:
    """Something a user did, or learned about them. See strata/v1/event.proto for what each field may hold.

    >>> Event("7", "purchase", item_id="milk", value="1.99", currency="USD", event_id="order-1").type
    'purchase'
    """

    user_id: str
    type: str
    """`view`, `search`, `cart`, `purchase`, `return`, `impression`, `click`, `coupon_redemption`, `custom:<name>`,
    `profile_update` (with `facts` or `consents`) or `alias` (with `known_user_id`; `user_id` is the anonymous one)."""
    event_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Its identity over retries. Give one that you can find again when the same event may be published twice."""
    event_time: datetime | None = None
    """With an offset, which also says the local hour where it happened. None: the moment the server records it."""
    utc_offset_s: int | None = None
    """Where it happened, when `event_time` does not say so."""
    session_id: str = ""
    item_id: str = ""
    category: str = ""
    value: Amount | None = None
    currency: str = ""
    quantity: int | None = None
    discount: Amount | None = None
    attributes: Mapping[str, Any] | None = None
    decision_id: str = ""
    facts: Mapping[str, str] | None = None
    consents: Mapping[str, bool] | None = None
    known_user_id: str = ""


@dataclass(frozen=True)
class Refusal:
    """One fault of one event."""

    field: str
    reason: str
    """E.g. `too_long`; see ViolationReason."""
    description: str


@dataclass(frozen=True)
class Published:
    """What became of a batch; position i is event i."""

    outcomes: tuple[str, ...]
    """`accepted`, `duplicate`, `late`, `invalid`."""
    refusals: Mapping[int, tuple[Refusal, ...]]
    """Why, by position, of those that are late or invalid."""
    clamped: tuple[int, ...]
    """Positions of accepted events whose time was a little ahead and was set back to `recorded_at`."""
    recorded_at: datetime
    """The platform's clock."""

    @property
    def counts(self) -> Counter[str]:
        """How many events had each outcome."""
        return Counter(self.outcomes)


def to_message(event: Event | pb.Event) -> pb.Event:
    """The message. Raises InputInvalid for what no message can say; all else the server judges."""
    if isinstance(event, pb.Event):
        return event
    kind, _, name = event.type.partition(":")
    message = pb.Event(
        event_id=event.event_id, user_id=event.user_id, type=_type(kind), utc_offset_s=_offset_s(event),
        session_id=event.session_id, item_id=event.item_id, category=event.category, quantity=event.quantity,
        decision_id=event.decision_id,
    )  # fmt: skip
    if event.event_time is not None:
        message.event_time.FromDatetime(event.event_time)
    if event.value is not None:
        message.value.CopyFrom(_money(event.value, event.currency))
    if event.discount is not None:
        message.discount.CopyFrom(_money(event.discount, event.currency))
    if event.attributes is not None:
        message.attributes.update(dict(event.attributes))
    _fill_detail(message, event, name)
    return message


def to_published(message: pb.PublishEventsResponse) -> Published:
    """A reply."""
    return Published(
        tuple(word_of(pb.EventOutcome, outcome) for outcome in message.outcomes),
        {
            refusal.event_index: tuple(
                Refusal(each.field, word_of(pb.ViolationReason, each.reason), each.description)
                for each in refusal.violations
            )
            for refusal in message.refusals
        },
        tuple(message.clamped_indexes),
        to_instant(message.recorded_at),
    )


def to_request(events: Sequence[Event | pb.Event]) -> pb.PublishEventsRequest:
    """A batch."""
    return pb.PublishEventsRequest(events=map(to_message, events))


def _type(kind: str) -> Any:
    try:
        return pb.EventType.Value(f"EVENT_TYPE_{kind.upper()}")
    except ValueError:
        known = ", ".join(name.removeprefix("EVENT_TYPE_").lower() for name in pb.EventType.keys()[1:])
        raise InputInvalid(f"{kind!r} is no event type; there are {known}") from None


def _offset_s(event: Event) -> int:
    if event.event_time is not None and event.event_time.tzinfo is None:
        raise InputInvalid(f"event {event.event_id} has a time without an offset: give it a tzinfo")
    if event.utc_offset_s is not None:
        return event.utc_offset_s
    offset = event.event_time.utcoffset() if event.event_time else None
    return int(offset.total_seconds()) if offset else 0


def _money(amount: Amount, currency: str) -> pb.Money:
    if isinstance(amount, bool | float) or not isinstance(amount, Decimal | int | str):
        raise InputInvalid(f"{amount!r} is no exact amount; give a Decimal, a whole number or a text such as '12.50'")
    return pb.Money(currency_code=currency, decimal=amount if isinstance(amount, str) else f"{Decimal(amount):f}")


def _fill_detail(message: pb.Event, event: Event, custom_name: str) -> None:
    if custom_name:
        message.custom_name = custom_name
    if event.facts or event.consents:
        message.profile_update.facts.update(event.facts or {})
        message.profile_update.consents.update(event.consents or {})
    if event.known_user_id:
        message.alias.known_user_id = event.known_user_id
