"""Row views: one fact per user, as written, in fixed slots.

Layout, little endian: magic, fields (u16), 2 spare bytes, fingerprint (u64), event time, recorded time (int64 us), one
byte per field that is 1 for null (padded to 8), one 8-byte slot per field: a float64, or an int64 holding the
number, 0/1, or the index into the field's categories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan
from struct import Struct
from typing import Any, Final

import numpy as np

from strata.errors import InputInvalid
from strata.features.evaluated import Evaluated, nothing, spread
from strata.features.plan import Plan
from strata.features.spec import FieldSpec, Status
from strata.features.user_row import RowDamaged

MAGIC: Final = b"STR1"
HEADER: Final = Struct("<4sHHQqq")
_EVENT: Final = Struct("<q")
_EVENT_AT: Final = 16
Value = int | float | str | bool | None


@dataclass(frozen=True)
class Fact:
    """A decoded row: values in field order, None for null; times in microseconds UTC."""

    values: tuple[Value, ...]
    event_us: int
    recorded_us: int


def padded(size: int) -> int:
    """The next multiple of 8."""
    return (size + 7) & ~7


def encode_row(plan: Plan, values: Sequence[Value], event_us: int, recorded_us: int) -> bytes:
    """The row of one fact. Raises InputInvalid for a value of the wrong kind or outside its categories."""
    fields = plan.spec.fields
    if len(values) != len(fields):
        raise InputInvalid(f"view {plan.spec.name} has {len(fields)} fields, the fact has {len(values)} values")
    nulls = np.zeros(padded(len(fields)), dtype=np.uint8)
    slots = np.zeros(len(fields), dtype="<i8")
    floats = slots.view("<f8")
    for i, (field, value) in enumerate(zip(fields, values, strict=True)):
        if value is None or (isinstance(value, float) and isnan(value)):
            nulls[i] = 1
        elif field.dtype == "float64":
            floats[i] = _float(plan, field, value)
        else:
            slots[i] = _slot(plan, i, value)
    head = HEADER.pack(MAGIC, len(fields), 0, plan.fingerprint, event_us, recorded_us)
    return head + nulls.tobytes() + slots.tobytes()


def decode_row(plan: Plan, row: bytes) -> Fact | None:
    """The fact in a row; None for a row of another definition of the view. Raises RowDamaged."""
    if not _is_sound(plan, row):
        return None
    _, _, _, _, event_us, recorded_us = HEADER.unpack_from(row)
    nulls = row[HEADER.size : HEADER.size + plan.width]
    slots = np.frombuffer(row, "<i8", plan.width, HEADER.size + padded(plan.width))
    floats = slots.view("<f8")
    values = tuple(
        None if null else _value(plan, field, int(slots[i]), float(floats[i]))
        for i, (field, null) in enumerate(zip(plan.spec.fields, nulls, strict=True))
    )
    return Fact(values, event_us, recorded_us)


def evaluate_facts(plan: Plan, rows: Sequence[bytes | None], t_us: int) -> Evaluated:
    """Values at `t_us`. A fact dated after t is not known yet (MISSING); one older than the ttl is EXPIRED."""
    present = [i for i, row in enumerate(rows) if row is not None and _is_sound(plan, row)]
    if not present:
        return nothing(len(rows), plan.width)
    joined = b"".join([row for i in present if (row := rows[i]) is not None])
    words = np.frombuffer(joined, "<i8").reshape(len(present), -1)
    nulls_at, slots_at = HEADER.size // 8, (HEADER.size + padded(plan.width)) // 8
    slots = words[:, slots_at:]
    values = slots.astype(np.float64)
    floats = plan.float_fields
    if len(floats):
        values[:, floats] = slots.view("<f8")[:, floats]
    nulls = np.ascontiguousarray(words[:, nulls_at:slots_at]).view(np.uint8)[:, : plan.width]
    status = (nulls != 0).view(np.uint8)
    event_us = words[:, 2]
    status[event_us > t_us] = Status.MISSING
    if plan.ttl_us is not None:
        expired = event_us < t_us - plan.ttl_us
        status[expired] = np.where(status[expired] == Status.PRESENT, Status.EXPIRED, status[expired])
    values[status != Status.PRESENT] = np.nan
    found = Evaluated(values, status, event_us, event_us)
    return found if len(present) == len(rows) else spread(found, present, len(rows))


def read_fact(plan: Plan, row: bytes, t_us: int) -> tuple[list[float], int] | None:
    """`evaluate_facts` for one row, without arrays: (values, event_us). A value that is not PRESENT is NaN.

    None for a row of another definition. Raises RowDamaged.
    """
    if not _is_sound(plan, row):
        return None
    event_us: int = _EVENT.unpack_from(row, _EVENT_AT)[0]
    if event_us > t_us or (plan.ttl_us is not None and event_us < t_us - plan.ttl_us):
        return [nan] * plan.width, event_us
    nulls = row[HEADER.size : HEADER.size + plan.width]
    slots = plan.slots.unpack_from(row, HEADER.size + padded(plan.width))
    return [nan if null else float(slot) for null, slot in zip(nulls, slots, strict=True)], event_us


def _is_sound(plan: Plan, row: bytes) -> bool:
    """False for a row of another definition. Raises RowDamaged."""
    size = len(row)
    if size < HEADER.size:
        raise RowDamaged(plan.spec.name, f"it has {size} bytes")
    magic, fields, _, fingerprint, _, _ = HEADER.unpack_from(row)
    if magic != MAGIC:
        raise RowDamaged(plan.spec.name, f"it starts with {magic!r}, not {MAGIC!r}")
    if size != HEADER.size + padded(fields) + 8 * fields:
        raise RowDamaged(plan.spec.name, f"{fields} fields do not make {size} bytes")
    if fingerprint != plan.fingerprint:
        return False
    if fields != plan.width:
        raise RowDamaged(plan.spec.name, f"it has {fields} fields, not {plan.width}")
    return True


def _float(plan: Plan, field: FieldSpec, value: Any) -> float:
    if isinstance(value, (bool, str)):
        raise InputInvalid(f"view {plan.spec.name}, {field.name}: {value!r} is not a number")
    return float(value)


def _slot(plan: Plan, position: int, value: Any) -> int:
    field = plan.spec.fields[position]
    where = f"view {plan.spec.name}, {field.name}"
    if field.dtype == "string":
        index = plan.category_index[position].get(value) if isinstance(value, str) else None
        if index is None:
            raise InputInvalid(f"{where}: {value!r} is not among its categories: {', '.join(field.categories)}")
        return index
    if field.dtype == "bool":
        if not isinstance(value, (bool, np.bool_)):
            raise InputInvalid(f"{where}: {value!r} is neither true nor false")
        return int(value)
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or not -(2**63) <= int(value) < 2**63:
        raise InputInvalid(f"{where}: {value!r} is not a 64-bit whole number")
    return int(value)


def _value(plan: Plan, field: FieldSpec, slot: int, number: float) -> Value:
    if field.dtype == "float64":
        return number
    if field.dtype == "bool":
        return bool(slot)
    if field.dtype == "int64":
        return slot
    if not 0 <= slot < len(field.categories):
        raise RowDamaged(plan.spec.name, f"{field.name} has no category {slot}")
    return field.categories[slot]
