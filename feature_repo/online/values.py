"""Feast's protobuf keys and values as Python's, both ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isnan
from typing import Final

from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value

from strata.errors import InputInvalid
from strata.events import MAX_USER_BYTES
from strata.features.spec import FieldSpec

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

Scalar = int | float | str | bool | None


def user_of(key: EntityKey) -> str:
    """The user id of an entity key. Raises InputInvalid."""
    if len(key.entity_values) != 1 or key.entity_values[0].WhichOneof("val") != "string_val":
        raise InputInvalid("a view here is keyed by one user id, a string; 7 and '7' are different users")
    user = str(key.entity_values[0].string_val)
    if not 1 <= len(user.encode()) <= MAX_USER_BYTES:
        raise InputInvalid(f"a user id has 1 to {MAX_USER_BYTES} bytes, not {len(user.encode())}")
    return user


def scalar_of(value: Value) -> Scalar:
    """The value, None for null."""
    slot = value.WhichOneof("val")
    if slot is None or slot == "null_val":
        return None
    scalar: Scalar = getattr(value, slot)
    return scalar


def value_of(field: FieldSpec, number: float) -> Value:
    """One evaluated number as Feast's value; NaN is the value that is not set."""
    if isnan(number):
        return Value()
    if field.dtype == "string":
        return Value(string_val=field.categories[int(number)])
    if field.dtype == "int64":
        return Value(int64_val=int(number))
    if field.dtype == "bool":
        return Value(bool_val=bool(number))
    return Value(double_val=number)


def to_us(moment: datetime) -> int:
    """Microseconds UTC; a time without a zone is UTC, as Feast says.

    >>> to_us(datetime(1970, 1, 1, 0, 0, 1))
    1000000
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // _MICROSECOND


def to_datetime(at_us: int) -> datetime:
    """The inverse of `to_us`."""
    return EPOCH + at_us * _MICROSECOND
