"""Values of a table's rows: by the C kernel, or in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from strata.features.functions.partials import PartialKind
from strata.features.recent import read_slot
from strata.features.row_reader import decode
from strata.features.sessions import Sessions
from strata.features.table_plan import NO_WINDOW, Cell, TablePlan, Value
from strata.features.user_row import MOVED
from strata.features.user_state import UserState

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class TableValues(Protocol):
    """Reads one table's rows into the columns of an array."""

    def one(self, row: bytes, t_us: int, values: Floats) -> tuple[int, int] | None:
        """Fill one user's columns: (watermark_us, newest_us), None for a tombstone or a row of another layout.

        Raises RowDamaged.
        """
        ...

    def many(self, rows: Sequence[bytes | None], t_us: int, values: Floats, times: tuple[Ints, Ints]) -> None:
        """Fill many users' columns and times; what is not there is left as it is. Raises RowDamaged."""
        ...


def read_table(plan: TablePlan, native: Any | None) -> TableValues:
    """The quickest way there is."""
    if native is None or plan.layout is None:
        return PlainValues(plan)
    values: TableValues = native.table_values(plan)
    return values


class PlainValues:
    """In plain Python: the reference."""

    def __init__(self, plan: TablePlan) -> None:
        self._plan = plan

    def one(self, row: bytes, t_us: int, values: Floats) -> tuple[int, int] | None:
        layout = self._plan.layout
        state = None if layout is None else decode(layout, row)
        if state is None or layout is None or row.startswith(MOVED):
            return None
        at_us = max(t_us, state.newest_us)
        # floor((t - W) / hop) is floor(t / hop) - W / hop, since a window is whole hops.
        edges = [at_us // layout.hop_us - hops for hops in self._plan.windows]
        cells = [1 if n == 0 else self._number(state, cell, edges) for n, cell in enumerate(self._plan.cells)]
        for value in self._plan.values:
            values[value.column] = _divide(value, cells, at_us)
        return state.watermark_us, state.newest_us

    def many(self, rows: Sequence[bytes | None], t_us: int, values: Floats, times: tuple[Ints, Ints]) -> None:
        for n, row in enumerate(rows):
            found = None if row is None else self.one(row, t_us, values[n])
            if found is not None:
                times[0][n], times[1][n] = found

    def _number(self, state: UserState, cell: Cell, edges: Sequence[int]) -> int:
        assert self._plan.layout is not None
        kind = cell.kind
        if cell.window == NO_WINDOW:
            time, value = state.newest[cell.partial]
            return value if kind is PartialKind.LATEST else time
        edge = edges[cell.window]
        if cell.slot is not None:
            return read_slot(state.recent[cell.partial], cell.slot, edge * self._plan.layout.hop_us)
        if cell.partial in state.sessions:
            return self._sessions(state.sessions[cell.partial], kind, edge * self._plan.layout.hop_us)
        if kind is PartialKind.IDS:
            return sum(1 for tile in state.ids[cell.partial].values() if tile >= edge)
        if kind in (PartialKind.LEAST, PartialKind.GREATEST):
            inside = [number for tile, number in state.extremes[cell.partial].items() if tile >= edge]
            return (min if kind is PartialKind.LEAST else max)(inside, default=0)
        return sum(number for tile, number in state.sums[cell.partial].items() if tile >= edge)

    @staticmethod
    def _sessions(sessions: Sessions, kind: PartialKind | None, edge_us: int) -> int:
        inside = [session for held in sessions.values() for session in held if session[1] >= edge_us]
        if kind is PartialKind.SESSION_TIME:
            return sum(end - start for start, end, _ in inside)
        return sum(events for *_, events in inside) if kind is PartialKind.SESSION_EVENTS else len(inside)


def _divide(value: Value, cells: Sequence[int], at_us: int) -> float:
    if cells[value.presence] == 0:
        return nan
    numerator = at_us - cells[value.numerator] if value.age else cells[value.numerator]
    return float(np.float64(numerator) / (np.float64(cells[value.denominator]) * np.float64(value.scale)))
