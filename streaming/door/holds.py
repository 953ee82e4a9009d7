"""Which rows of a batch satisfy a condition."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import numpy as np

from streaming.columns.numbers import to_numbers
from streaming.columns.text import to_text
from streaming.door.reasons import Flags
from streaming.mapping.conditions import Condition

if TYPE_CHECKING:
    import pyarrow as pa

_COMPARE: Final = {
    "less_than": operator.lt, "at_most": operator.le, "more_than": operator.gt, "at_least": operator.ge,
}  # fmt: skip


def holds(condition: Condition, columns: dict[str, pa.Array]) -> Flags:
    """Flags of the rows where it holds; a missing or unreadable value satisfies no comparison."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column, (comparison,) = columns[condition.column], condition.comparisons()
    wanted = getattr(condition, comparison)
    if comparison in _COMPARE:
        with np.errstate(invalid="ignore"):
            compared: Flags = _COMPARE[comparison](to_numbers(column).values, wanted)
        return compared
    text = to_text(column)
    if comparison == "missing":
        found = pc.equal(pc.is_null(text), wanted)
    elif comparison == "starts_with":
        found = pc.starts_with(text, wanted)
    else:
        allowed = [wanted] if isinstance(wanted, str) else list(wanted)
        found = pc.and_(pc.is_valid(text), pc.is_in(text, pa.array(allowed, pa.string())))
    flags: Flags = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
    return flags


def all_hold(conditions: Iterable[Condition], columns: dict[str, pa.Array], row_count: int) -> Flags:
    """Flags of the rows where every condition holds."""
    flags = np.ones(row_count, dtype=bool)
    for condition in conditions:
        flags &= holds(condition, columns)
    return flags
