"""The event type of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from strata.events import EVENT_TYPES
from streaming.columns.text import to_text
from streaming.door.holds import all_hold
from streaming.mapping.model import TypeColumn, TypeRules

if TYPE_CHECKING:
    import pyarrow as pa

UNKNOWN = -1


def type_codes(rule: str | TypeColumn | TypeRules, columns: dict[str, pa.Array], row_count: int) -> NDArray[np.int64]:
    """Positions in EVENT_TYPES; UNKNOWN where a column's value names none."""
    if isinstance(rule, str):
        return np.full(row_count, EVENT_TYPES.index(rule), dtype=np.int64)
    if isinstance(rule, TypeColumn):
        return _from_column(rule, columns)
    codes = np.full(row_count, EVENT_TYPES.index(rule.otherwise), dtype=np.int64)
    for entry in reversed(rule.rules):
        codes[all_hold(entry.when, columns, row_count)] = EVENT_TYPES.index(entry.type)
    return codes


def _from_column(rule: TypeColumn, columns: dict[str, pa.Array]) -> NDArray[np.int64]:
    import pyarrow as pa
    import pyarrow.compute as pc

    names = {**{name: name for name in EVENT_TYPES}, **rule.values}
    written = pa.array(list(names), pa.string())
    codes = np.array([EVENT_TYPES.index(name) for name in names.values()] + [UNKNOWN], dtype=np.int64)
    found = pc.fill_null(pc.index_in(to_text(columns[rule.column]), written), len(names))
    found_codes: NDArray[np.int64] = codes[found.to_numpy(zero_copy_only=False)]
    return found_codes
