"""Layouts and table plans as the blobs the C kernel reads; see native/plan.c and native/read.c."""

from __future__ import annotations

from struct import pack
from typing import Final

from strata.features.conditions import OPS, TEXT_COLUMNS, Condition, Conjunction
from strata.features.functions.partials import PartialKind
from strata.features.layout import EXTREMES, NEWEST, SUMS, Layout
from strata.features.table_plan import NO_WINDOW, TablePlan

COLUMNS: Final = (
    "*", "event_type", "item_id", "category", "session_id", "value", "quantity", "discount", "hour", "weekday", "day",
    "week",
)  # fmt: skip
_OPS: Final = ("eq", "ne", "in", "gt", "ge", "lt", "le")
_KINDS: Final = tuple(PartialKind)
_PAST_EVERY_NUMBER: Final = 2**62
"""No number of an event that counts is so far from 0, so a filter's number past it compares as this does."""
_SECTIONS: Final = (SUMS, EXTREMES, NEWEST, (PartialKind.IDS,))
assert sorted(_OPS) == sorted(OPS)


def layout_blob(layout: Layout) -> bytes:
    """A layout: its numbers, then the filters, conjunctions of filters, and partials, each of them once."""
    conditions = list(dict.fromkeys(c for partial in layout.partials for c in partial.where))
    wheres = list(dict.fromkeys(partial.where for partial in layout.partials))
    parts = [
        pack("<Qqqq", layout.fingerprint, layout.hop_us, layout.horizon_us, layout.lateness_us),
        pack("<III", len(conditions), len(wheres), len(layout.partials)),
    ]
    parts += [_condition(condition) for condition in conditions]
    parts += [_where(where, conditions) for where in wheres]
    for partial in layout.partials:
        kind, of = _KINDS.index(partial.kind), COLUMNS.index(partial.of)
        parts.append(pack("<BBI", kind, of, wheres.index(partial.where)))
    return b"".join(parts)


def table_blob(plan: TablePlan) -> bytes:
    """What is read of a table: windows, the longest first; per partial its cells, the shortest window first; values."""
    assert plan.layout is not None
    windows = sorted(plan.windows, reverse=True) or [0]
    sections = [i for kinds in _SECTIONS for i, _ in plan.layout.of(*kinds)]
    wanted: list[tuple[int, int]] = []
    ends: list[int] = []
    for partial in sections:
        cells = [(cell.window, n) for n, cell in enumerate(plan.cells) if n and cell.partial == partial]
        places = [(0 if w == NO_WINDOW else windows.index(plan.windows[w]), n) for w, n in cells]
        wanted += sorted(places, reverse=True)
        ends.append(len(wanted))
    parts = [pack("<IIII", len(windows), len(plan.cells), len(plan.values), len(wanted))]
    parts += [pack("<q", hops) for hops in windows]
    parts += [pack("<I", end) for end in ends]
    parts += [pack("<II", *each) for each in wanted]
    for value in plan.values:
        cells_of = (value.numerator, value.denominator, value.presence)
        parts.append(pack("<IIIIId", value.column, *cells_of, value.age, float(value.scale)))
    return b"".join(parts)


def _condition(condition: Condition) -> bytes:
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    head = pack("<BBI", COLUMNS.index(condition.column), _OPS.index(condition.op), len(values))
    if condition.column in TEXT_COLUMNS:
        texts = [str(value).encode("utf-8", "surrogatepass") for value in values]
        return head + b"".join(pack("<I", len(text)) + text for text in texts)
    limit = _PAST_EVERY_NUMBER
    return head + b"".join(pack("<q", max(-limit, min(limit, int(value)))) for value in values)


def _where(where: Conjunction, conditions: list[Condition]) -> bytes:
    return pack(f"<I{len(where)}I", len(where), *[conditions.index(condition) for condition in where])
