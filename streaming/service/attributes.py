"""What an event carries for others than features: its tail in the log, a JSON object.

Keys: `attributes` (an object), `currency`, `decision_id`; only those that were given.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Any

from strata.v1 import event_pb2 as pb
from streaming.service.limits import MAX_ATTRIBUTES
from streaming.service.violations import Violation


def make_tail(attributes: dict[str, Any] | None, currency: str, decision: str) -> bytes:
    """The tail of an EVENT record.

    >>> make_tail({"page": 2.0}, "USD", "")
    b'{"currency":"USD","attributes":{"page":2}}'
    """
    if attributes is None and not decision:
        return _currency_tail(currency) if currency else b""
    found: dict[str, Any] = {"currency": currency} if currency else {}
    if decision:
        found["decision_id"] = decision
    if attributes is not None:
        found["attributes"] = attributes
    return json.dumps(_whole(found), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def read_attributes(struct: Any, faults: list[Violation]) -> dict[str, Any] | None:
    """A Struct's content as plain values; notes a fault of one that is too large or holds what JSON cannot."""
    size = struct.ByteSize()
    if size > MAX_ATTRIBUTES:
        faults.append(
            Violation("attributes", pb.VIOLATION_REASON_TOO_LARGE, f"have {size} bytes; at most {MAX_ATTRIBUTES}")
        )
        return None
    return {key: _plain(value, f"attributes.{key[:64]}", faults) for key, value in struct.fields.items()}


def _plain(value: Any, path: str, faults: list[Violation]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return {key: _plain(inner, path, faults) for key, inner in value.struct_value.fields.items()}
    if kind == "list_value":
        return [_plain(inner, path, faults) for inner in value.list_value.values]
    if kind is None:
        faults.append(Violation(path, pb.VIOLATION_REASON_REQUIRED, "has no value; null is one"))
    elif kind == "number_value" and not math.isfinite(value.number_value):
        faults.append(Violation(path, pb.VIOLATION_REASON_NOT_FINITE, "is not a finite number"))
    elif kind != "null_value":
        return getattr(value, kind)
    return None


def _whole(value: Any) -> Any:
    """The same with whole numbers written as such: a Struct has only doubles."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return value


@lru_cache(maxsize=256)
def _currency_tail(currency: str) -> bytes:
    return b'{"currency":"%s"}' % currency.encode()
