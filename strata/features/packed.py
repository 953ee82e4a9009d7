"""One record of the event log as bytes: what the door writes and the fold reads, also in C.

    offset  size
    0       1      format, 1
    1       1      kind (`RecordKind`)
    2       2      flags: which optional parts are there (`HAS_*`)
    4       4      utc_offset_s, int32
    8       8      event_time, microseconds UTC
    16      8      recorded_at, microseconds UTC
    24      24     value (cents), quantity, discount (cents), int64 each; 0 where absent
    48      12     uint16 byte lengths: user, event id, event type, session, item, category
    60      4      uint32 byte length of the tail
    64      ...    user, event id, event type, session, item, category (UTF-8), tail

Little endian. The tail is opaque to the kernel; its meaning goes with the kind:

- EVENT: what a segment never needs (attributes, currency, decision id), as the door wrote it
- PROFILE: a JSON object, profile field to value
- ALIAS: the user this user is from now on (UTF-8)
- MERGE, FORWARD: made by the stream worker, see `streaming/fold`

>>> record = pack_event(PackedEvent("7", "e1", "view", 1_000, 2_000, item_id="milk"))
>>> len(record), unpack_event(record).item_id
(75, 'milk')
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct, error
from typing import Final

from strata.errors import InputInvalid

FORMAT: Final = 1
HEAD: Final = Struct("<BBHi5q6HI")
TIME_LIMIT_US: Final = 2**57
"""About 4,500 years either side of 1970: arithmetic on times inside it cannot leave int64."""
HAS_VALUE: Final = 1
HAS_QUANTITY: Final = 2
HAS_DISCOUNT: Final = 4
HAS_SESSION: Final = 8
HAS_ITEM: Final = 16
HAS_CATEGORY: Final = 32


class RecordKind(IntEnum):
    """What a record of the log is."""

    EVENT = 0
    PROFILE = 1
    ALIAS = 2
    MERGE = 3
    FORWARD = 4


class RecordDamaged(InputInvalid):
    """A record of the log is not what it should be."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"a record of the event log is damaged: {reason}")


@dataclass(frozen=True, slots=True)
class PackedEvent:
    """One record's parts. Times are microseconds UTC; money is cents; absent is None."""

    user_id: str
    event_id: str
    event_type: str
    event_time_us: int
    recorded_us: int
    utc_offset_s: int = 0
    session_id: str | None = None
    item_id: str | None = None
    category: str | None = None
    value: int | None = None
    quantity: int | None = None
    discount: int | None = None
    kind: RecordKind = RecordKind.EVENT
    tail: bytes = b""


def pack_event(event: PackedEvent) -> bytes:
    """The record. Raises InputInvalid when a part does not fit its field."""
    return pack_parts(
        event.kind, event.user_id, event.event_id, event.event_type, event.event_time_us, event.recorded_us,
        event.utc_offset_s, event.session_id, event.item_id, event.category, event.value, event.quantity,
        event.discount, event.tail,
    )  # fmt: skip


def pack_parts(  # noqa: PLR0917 - one call for each event that is published; names would cost as much as the packing
    kind: int, user: str, event_id: str, event_type: str, event_time_us: int, recorded_us: int, utc_offset_s: int,
    session: str | None, item: str | None, category: str | None, value: int | None, quantity: int | None,
    discount: int | None, tail: bytes,
) -> bytes:  # fmt: skip
    """As `pack_event`, from the parts of a PackedEvent one by one: half the time, since no object is made."""
    flags = 0
    visit = product = group = b""
    if session is not None:
        flags, visit = HAS_SESSION, session.encode()
    if item is not None:
        flags, product = flags | HAS_ITEM, item.encode()
    if category is not None:
        flags, group = flags | HAS_CATEGORY, category.encode()
    if value is None:
        value = 0
    else:
        flags |= HAS_VALUE
    if quantity is None:
        quantity = 0
    else:
        flags |= HAS_QUANTITY
    if discount is None:
        discount = 0
    else:
        flags |= HAS_DISCOUNT
    who, name, what = user.encode(), event_id.encode(), event_type.encode()
    try:
        head = HEAD.pack(
            FORMAT, kind, flags, utc_offset_s, event_time_us, recorded_us, value, quantity, discount,
            len(who), len(name), len(what), len(visit), len(product), len(group), len(tail),
        )  # fmt: skip
    except error as fault:
        raise InputInvalid(f"event {event_id!r} does not fit a record of the log: {fault}") from None
    return b"".join((head, who, name, what, visit, product, group, tail))


def unpack_event(record: bytes) -> PackedEvent:
    """The parts of a record. Raises RecordDamaged."""
    if len(record) < HEAD.size:
        raise RecordDamaged(f"it has {len(record)} bytes")
    (
        form, kind, flags, utc_offset_s, event_time_us, recorded_us, value, quantity, discount, *lengths, tail,
    ) = HEAD.unpack_from(record)  # fmt: skip
    if form != FORMAT:
        raise RecordDamaged(f"it has format {form}, not {FORMAT}")
    if HEAD.size + sum(lengths) + tail != len(record):
        raise RecordDamaged("its parts do not add up to its length")
    if max(abs(event_time_us), abs(recorded_us)) > TIME_LIMIT_US:
        raise RecordDamaged("a time is thousands of years away")
    texts, at = [], HEAD.size
    try:
        for length in lengths:
            texts.append(record[at : at + length].decode())
            at += length
        return PackedEvent(
            texts[0], texts[1], texts[2], event_time_us, recorded_us, utc_offset_s,
            texts[3] if flags & HAS_SESSION else None,
            texts[4] if flags & HAS_ITEM else None,
            texts[5] if flags & HAS_CATEGORY else None,
            value if flags & HAS_VALUE else None,
            quantity if flags & HAS_QUANTITY else None,
            discount if flags & HAS_DISCOUNT else None,
            RecordKind(kind), record[at:],
        )  # fmt: skip
    except ValueError as fault:
        raise RecordDamaged(str(fault)) from None


def user_bytes(record: bytes) -> bytes:
    """The user of a record, UTF-8, without unpacking the rest. Raises RecordDamaged."""
    if len(record) < HEAD.size:
        raise RecordDamaged(f"it has {len(record)} bytes")
    return record[64 : 64 + int.from_bytes(record[48:50], "little")]
