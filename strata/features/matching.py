"""What one event adds to each partial: filters, columns and derived numbers of a packed event, in plain Python."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable
from typing import Any, Final

from strata.features.conditions import DERIVED_COLUMNS, TEXT_COLUMNS, Conjunction
from strata.features.definition import EVENT
from strata.features.layout import NUMBER_LIMIT
from strata.features.packed import PackedEvent

DAY_US: Final = 86_400_000_000
HOUR_US: Final = 3_600_000_000
THURSDAY: Final = 3
"""1970-01-01, with Monday as 0."""
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
    "in": lambda value, wanted: value in wanted,
}  # fmt: skip


def hash64(text: str) -> int:
    """The fixed 64-bit hash of an id: the last 8 bytes of the MD5 of its UTF-8, little endian.

    >>> hash64("milk")
    8216776285281679064
    """
    return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[8:], "little")


def column_of(event: PackedEvent, name: str) -> Any:
    """A column of an event, or one derived from its local time; None is null, and `*` is never null."""
    if name == EVENT:
        return 1
    if name not in DERIVED_COLUMNS:
        return getattr(event, name)
    local = event.event_time_us + event.utc_offset_s * 1_000_000
    if name == "hour":
        return local // HOUR_US % 24
    day = local // DAY_US
    if name == "day":
        return day
    return (day + THURSDAY) // 7 if name == "week" else (day + THURSDAY) % 7


def id_of(event: PackedEvent, name: str) -> int | None:
    """The 32-bit fingerprint an id set keeps; None for null. Two of a user's ids share one once in 4 billion pairs.

    >>> id_of(PackedEvent("ann", "e", "view", 0, 0, item_id="milk"), "item_id") == hash64("milk") & 0xFFFFFFFF
    True
    """
    value = column_of(event, name)
    if value is None:
        return None
    return (hash64(value) if name in TEXT_COLUMNS else int(value)) & 0xFFFFFFFF


def satisfies(event: PackedEvent, where: Conjunction) -> bool:
    """Whether every condition holds. A null satisfies none."""
    for condition in where:
        value = column_of(event, condition.column)
        if value is None or not _COMPARE[condition.op](value, condition.value):
            return False
    return True


def within_limits(event: PackedEvent) -> bool:
    """Whether its numbers can be summed without ever leaving 64 bits."""
    numbers = (event.value, event.quantity, event.discount)
    return all(number is None or abs(number) <= NUMBER_LIMIT for number in numbers)
