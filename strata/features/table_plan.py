"""Which cells of a table's rows make each value.

A *cell* is one number of one user: a partial over a window, or a newest value or time. A value is
numerator / (denominator * scale), missing where its presence cell is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from strata.features.functions.partials import Formula, Partial, PartialKind, Slot
from strata.features.layout import NEWEST, Layout

ONE: Final = 0
"""The cell that is always 1: a formula without denominator or presence."""
NO_WINDOW: Final = -1


class TableFeature(NamedTuple):
    """A feature wanted: the column its value goes to."""

    column: int
    formula: Formula
    window_us: int


class Cell(NamedTuple):
    """A partial's place in the layout, and the place of its window among the plan's, NO_WINDOW for a newest one."""

    partial: int
    window: int
    kind: PartialKind | None = None
    slot: Slot | None = None
    """What is read of it."""


class Value(NamedTuple):
    """Cells of one value, and where it goes."""

    column: int
    numerator: int
    denominator: int
    presence: int
    scale: int
    age: bool


class TablePlan:
    """What is read of one windowed table. Features its layout cannot give are left out: they stay MISSING."""

    def __init__(self, table: str, layout: Layout | None, features: Sequence[TableFeature]) -> None:
        self.table, self.layout = table, layout
        self.windows: list[int] = []
        """Window lengths in hops."""
        self.cells: list[Cell] = [Cell(-1, NO_WINDOW)]
        """The first one is ONE."""
        self.values: list[Value] = []
        if layout is None:
            return
        index: dict[Cell, int] = {}
        for feature in features:
            formula = feature.formula
            parts = [formula.numerator, formula.denominator, formula.presence]
            if feature.window_us > layout.horizon_us or any(p and p.stored not in layout.index for p in parts):
                continue
            numerator, denominator, presence = (self._cell(layout, index, p, feature.window_us) for p in parts)
            self.values.append(Value(feature.column, numerator, denominator, presence, formula.scale, formula.age))

    def _cell(self, layout: Layout, index: dict[Cell, int], partial: Partial | None, window_us: int) -> int:
        if partial is None:
            return ONE
        hops = window_us // layout.hop_us
        if partial.kind in NEWEST:
            window = NO_WINDOW
        else:
            if hops not in self.windows:
                self.windows.append(hops)
            window = self.windows.index(hops)
        cell = Cell(layout.index[partial.stored], window, partial.kind, partial.slot)
        if cell not in index:
            index[cell] = len(self.cells)
            self.cells.append(cell)
        return index[cell]
