"""A windowed definition in words, for lists, reports and Feast's UI."""

from __future__ import annotations

from typing import Final

from strata.features.conditions import Condition, Conjunction
from strata.features.definition import EVENT, WindowDefinition

_OPS: Final = {"eq": "is", "ne": "is not", "in": "is one of", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_UNITS: Final = ((86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "min"), (1_000_000, "s"))


def meaning(definition: WindowDefinition) -> str:
    """One phrase.

    >>> from strata.features import builder as b
    >>> from strata.features.definition import definition_of
    >>> bought = b.event_type.eq("purchase")
    >>> meaning(definition_of(b.total("m", of="value", window=b.days(30), where=bought).triple(b.hours(1))[2]))
    'total of value / 100, over 30 d, where event_type is purchase'
    """
    base = definition.base
    subject, among = _subject(definition), definition.where
    if base is not None:
        subject += f" with {_conditions(tuple(c for c in definition.where if c not in base)) or 'no other condition'}"
        among = base
    window = f"over {duration(definition.window_us)}"
    return ", ".join([subject, window, f"where {_conditions(among)}"] if among else [subject, window])


def duration(length_us: int) -> str:
    """The shortest exact name of a length of time.

    >>> duration(7_200_000_000), duration(604_800_000_000)
    ('2 h', '7 d')
    """
    unit_us, unit = next((size, name) for size, name in _UNITS if length_us % size == 0)
    return f"{length_us // unit_us} {unit}"


def _subject(definition: WindowDefinition) -> str:
    if definition.fn == "recency":
        return "days since the newest event"
    if definition.fn == "share":
        return "share of events" if definition.of == EVENT else f"share of {definition.of}"
    if definition.of == EVENT:
        return f"{definition.fn} of events"
    scaled = f"{definition.of} / {definition.scale}" if definition.scale > 1 else definition.of
    each = f" per {definition.per}" if definition.per else ""
    return f"{definition.fn} of {scaled}{each}"


def _conditions(where: Conjunction) -> str:
    return " and ".join(_condition(condition) for condition in where)


def _condition(condition: Condition) -> str:
    several = isinstance(condition.value, tuple)
    value = ", ".join(map(str, condition.value)) if isinstance(condition.value, tuple) else condition.value
    return f"{condition.column} {_OPS[condition.op]} {f'({value})' if several else value}"
