"""Event filters: a conjunction of conditions with one canonical text.

A null never satisfies a condition, `ne` included, exactly as in SQL. Numbers are compared in stored units
(money in cents). The canonical text is what feature tags and fingerprints carry:

>>> canonical(parse('[["value", "gt", 0], ["event_type", "eq", "purchase"]]'))
'[["event_type","eq","purchase"],["value","gt",0]]'
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from strata.errors import DefinitionInvalid

TEXT_COLUMNS: Final = ("event_type", "item_id", "category", "session_id")
INTEGER_COLUMNS: Final = ("value", "quantity", "discount")
DERIVED_COLUMNS: Final = ("hour", "weekday", "day", "week")
NUMBER_COLUMNS: Final = INTEGER_COLUMNS + DERIVED_COLUMNS
OPS: Final = ("eq", "ne", "in", "gt", "ge", "lt", "le")
TEXT_OPS: Final = ("eq", "ne", "in")

Scalar = str | int


@dataclass(frozen=True, order=True)
class Condition:
    """`column op value`; the value of `in` is a sorted tuple without repeats."""

    column: str
    op: str
    value: Scalar | tuple[Scalar, ...]

    def __post_init__(self) -> None:
        allowed = _ops_of(self.column)
        if self.op not in allowed:
            raise DefinitionInvalid(f"{self.column} cannot be compared by {self.op!r}; use one of {', '.join(allowed)}")
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        if isinstance(self.value, tuple) != (self.op == "in") or not values:
            raise DefinitionInvalid(f"the filter on {self.column}: 'in' takes a list, never empty; others one value")
        wanted = str if self.column in TEXT_COLUMNS else int
        for value in values:
            if not isinstance(value, wanted) or isinstance(value, bool):
                raise DefinitionInvalid(f"the filter on {self.column} needs {wanted.__name__} values, not {value!r}")
        if self.op == "in":
            object.__setattr__(self, "value", tuple(sorted(set(values))))


Conjunction = tuple[Condition, ...]


def conjunction(conditions: Iterable[Condition]) -> Conjunction:
    """The conditions in canonical order, repeats dropped. Empty: every event."""
    return tuple(sorted(set(conditions), key=_text))


def canonical(where: Conjunction) -> str:
    """The one text of a conjunction."""
    return "[" + ",".join(_text(condition) for condition in conjunction(where)) + "]"


def parse(text: str) -> Conjunction:
    """Read a filter tag. Raises DefinitionInvalid."""
    try:
        items = json.loads(text)
        conditions = [
            Condition(column, op, tuple(value) if isinstance(value, list) else value) for column, op, value in items
        ]
    except (ValueError, TypeError) as error:
        raise DefinitionInvalid(f'{text!r} is not a filter like [["event_type","eq","purchase"]]') from error
    return conjunction(conditions)


def _text(condition: Condition) -> str:
    value = list(condition.value) if isinstance(condition.value, tuple) else condition.value
    return json.dumps([condition.column, condition.op, value], separators=(",", ":"), ensure_ascii=True)


def _ops_of(column: str) -> tuple[str, ...]:
    if column in TEXT_COLUMNS:
        return TEXT_OPS
    if column in NUMBER_COLUMNS:
        return OPS
    known = ", ".join(TEXT_COLUMNS + NUMBER_COLUMNS)
    raise DefinitionInvalid(f"events have no column {column!r} to filter on; there are {known}")
