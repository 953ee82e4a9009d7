"""Profile updates into the row views: the newest fact by (event time, recorded time) stays, whole.

An update replaces the facts of each view it names a field of; fields of that view it does not name are unknown from
then on, and views it names nothing of stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from strata.errors import InputInvalid
from strata.features.facts import decode_row, encode_row
from strata.features.packed import PackedEvent
from strata.features.plan import Plan
from strata.state.ports import StateWriter

_Newest = dict[str, tuple[PackedEvent, Mapping[str, str]]]


def facts_of(event: PackedEvent) -> dict[str, str]:
    """A PROFILE record's fields, as text. A tail that is no JSON object holds none."""
    try:
        found = json.loads(event.tail)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): _text(value) for name, value in found.items() if value is not None}


def put_facts(state: StateWriter, plans: Sequence[Plan], facts: Sequence[tuple[PackedEvent, Mapping[str, str]]]) -> int:
    """Write the newest facts of a batch into every row view. Returns how many rows changed."""
    return sum(_put(state, plan, _newest(plan, facts)) for plan in plans)


def _newest(plan: Plan, facts: Sequence[tuple[PackedEvent, Mapping[str, str]]]) -> _Newest:
    """Each user's newest update that says anything about the view."""
    newest: _Newest = {}
    for event, values in facts:
        held = newest.get(event.user_id)
        if not values.keys().isdisjoint(plan.spec.names) and (held is None or _times(held[0]) <= _times(event)):
            newest[event.user_id] = (event, values)
    return newest


def _put(state: StateWriter, plan: Plan, newest: _Newest) -> int:
    users = sorted(newest, key=str.encode)

    def change(rows: list[bytes | None]) -> list[bytes | None]:
        return [_newer(plan, row, *newest[user]) for user, row in zip(users, rows, strict=True)]

    return state.transform(plan.spec.name, users, change)


def _newer(plan: Plan, row: bytes | None, event: PackedEvent, values: Mapping[str, str]) -> bytes | None:
    fact = None if row is None else decode_row(plan, row)
    if fact is not None and (fact.event_us, fact.recorded_us) > _times(event):
        return None
    named = [_value(field.dtype, field.categories, values.get(field.name)) for field in plan.spec.fields]
    return encode_row(plan, named, event.event_time_us, event.recorded_us)


def _value(dtype: str, categories: Sequence[str], text: str | None) -> Any:
    """A field's value; what the view does not name, or cannot hold, is unknown."""
    if text is None:
        return None
    if dtype == "string":
        return text if text in categories else None
    try:
        if dtype == "bool":
            return {"true": True, "false": False, "1": True, "0": False}[text.lower()]
        return int(text) if dtype == "int64" else float(text)
    except (ValueError, KeyError, InputInvalid):
        return None


def _times(event: PackedEvent) -> tuple[int, int]:
    return event.event_time_us, event.recorded_us


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
