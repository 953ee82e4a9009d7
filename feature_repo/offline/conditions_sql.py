"""Event columns and filters in SQL, one for one with the kernel's `strata.features.conditions`."""

from __future__ import annotations

from typing import Final

from feature_repo.offline.history import quoted
from strata.features.conditions import Condition, Conjunction

_OPS: Final = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_SECOND_US: Final = 1_000_000
_HOUR_US: Final = 3_600 * _SECOND_US
_DAY_US: Final = 24 * _HOUR_US


def _floor_modulo(value: str, step: int) -> str:
    # DuckDB's % and // round towards zero; the kernel's (numpy's) round down.
    return f"((({value}) % {step} + {step}) % {step})"


def floor_divide(value: str, step: int) -> str:
    """SQL that rounds down, as the kernel does."""
    return f"((({value}) - {_floor_modulo(value, step)}) // {step})"


_LOCAL: Final = f"(epoch_us(event_time) + CAST(utc_offset_s AS BIGINT) * {_SECOND_US})"
_DAY: Final = floor_divide(_LOCAL, _DAY_US)

DERIVED: Final = {
    "hour": f"({_floor_modulo(_LOCAL, _DAY_US)} // {_HOUR_US})",
    "day": _DAY,
    # 1970-01-01 was a Thursday, weekday 3; weeks begin on Mondays.
    "weekday": _floor_modulo(f"{_DAY} + 3", 7),
    "week": floor_divide(f"{_DAY} + 3", 7),
}
"""Columns worked out from the event time and its local offset, over the history's own columns."""


def where_sql(where: Conjunction) -> str:
    """A boolean expression; a null satisfies nothing, so a null result means no."""
    return " AND ".join(_condition(condition) for condition in where) or "true"


def _condition(condition: Condition) -> str:
    if isinstance(condition.value, tuple):
        return f"{condition.column} IN ({', '.join(_literal(value) for value in condition.value)})"
    return f"{condition.column} {_OPS[condition.op]} {_literal(condition.value)}"


def _literal(value: str | int) -> str:
    return quoted(value) if isinstance(value, str) else str(value)
