"""Rows of the history as messages of the contract: the same ids, instants, offsets and cents as an import keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from strata.events import VALUE_SCALE
from strata.v1 import event_pb2 as pb
from streaming.door.fact_door import WHEN, FactDoor

if TYPE_CHECKING:
    import pyarrow as pa

_TYPES: Final[dict[str, Any]] = {
    name.removeprefix("EVENT_TYPE_").lower(): number for name, number in pb.EventType.items() if number
}  # fmt: skip
_NANOS_PER_UNIT: Final = 1_000_000_000 // VALUE_SCALE


def event_messages(rows: pa.Table) -> list[pb.Event]:
    """Rows of `strata.events.event_schema`."""
    columns = _plain(rows.drop_columns(["recorded_at"]))
    return [_event(row) for row in zip(*(columns[name] for name in _ORDER), strict=True)]


_ORDER: Final = (
    "event_id", "user_id", "event_type", "event_time", "utc_offset_s", "session_id", "item_id", "category", "value",
    "quantity", "discount",
)  # fmt: skip


def fact_messages(rows: pa.Table) -> list[pb.Event]:
    """Rows that a FactDoor accepted: profile updates whose id is what the fact says."""
    columns = _plain(rows)
    fields = [name for name in rows.column_names if name not in ("user_id", *WHEN, FactDoor.id_column)]
    found = []
    for index, user in enumerate(columns["user_id"]):
        event = pb.Event(
            event_id=_fact_id(columns[FactDoor.id_column][index]), user_id=user, type=pb.EVENT_TYPE_PROFILE_UPDATE
        )
        event.event_time.FromMicroseconds(columns["event_time"][index])
        said = {name: columns[name][index] for name in fields}
        event.profile_update.facts.update({name: text for name, text in said.items() if text})
        found.append(event)
    return found


def _event(row: tuple[Any, ...]) -> pb.Event:
    event_id, user, kind, at_us, offset_s, session, item, category, value, quantity, discount = row
    event: Any = pb.Event(
        event_id=event_id, user_id=user, type=_TYPES[kind], utc_offset_s=offset_s, session_id=session, item_id=item,
        category=category, quantity=quantity,
    )  # fmt: skip
    stamp = event.event_time
    stamp.seconds, micros = divmod(at_us, 1_000_000)
    stamp.nanos = micros * 1_000
    if value is not None:
        _fill(event.value, value)
    if discount is not None:
        _fill(event.discount, discount)
    return event  # type: ignore[no-any-return]


def _fill(money: Any, cents: int) -> None:
    units, rest = divmod(abs(cents), VALUE_SCALE)
    sign = -1 if cents < 0 else 1
    money.units, money.nanos = sign * units, sign * rest * _NANOS_PER_UNIT
    money.SetInParent()


def _fact_id(said: str) -> str:
    """What a fact says, shortened to an id."""
    import hashlib

    return "fact|" + hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


def _plain(rows: pa.Table) -> dict[str, list[Any]]:
    """Columns as Python has them; instants as microseconds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = {}
    for name in rows.column_names:
        column = rows.column(name)
        if pa.types.is_timestamp(column.type):
            column = pc.cast(column, pa.int64())
        found[name] = column.to_pylist()
    return found
