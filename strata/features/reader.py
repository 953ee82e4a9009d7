"""Rows to values at an instant: what a request, Feast's online door and parity all read through.

A reader is compiled once for the features wanted, against the layouts the rows were written with. A feature the
stored layout has no partials for, or too short a horizon, is MISSING until the next rebuild. A row is read at the
later of t and its newest event: live state is right now, never for the past.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from strata.features import kernel
from strata.features.facts import evaluate_facts, read_fact
from strata.features.functions import lower
from strata.features.layout import Layout
from strata.features.native_facts import NativeFacts
from strata.features.native_values import NativeValues
from strata.features.plan import Plan
from strata.features.table_plan import TableFeature, TablePlan
from strata.features.table_values import TableValues, read_table

NO_TIME: Final = -(2**63)
"""The times of a user without a row."""
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class UserValues(NamedTuple):
    """One user's values and, per table, times."""

    values: Floats
    """In the order of the reader's columns; a value that is not PRESENT is NaN."""
    times: list[tuple[int, int] | None]
    """(watermark_us, newest_us); None for a table that has no row of this user, or one of another layout."""


@dataclass(frozen=True, slots=True)
class Many:
    """n users: values float64 [n, columns], NaN where not PRESENT; times int64 [tables, n], NO_TIME without a row."""

    values: Floats
    watermark_us: Ints
    newest_us: Ints


@dataclass(frozen=True)
class _Facts:
    """A row view among the tables, and where its fields go: (field, column)."""

    plan: Plan
    fields: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]

    def one(self, row: bytes, t_us: int, values: Floats) -> tuple[int, int] | None:
        """As `TableValues.one`, in plain Python: the reference."""
        found = read_fact(self.plan, row, t_us)
        if found is None:
            return None
        facts, event_us = found
        for field, column in zip(self.fields.tolist(), self.columns.tolist(), strict=True):
            values[column] = facts[field]
        return event_us, event_us

    def reader(self, native: Any | None) -> RowReader:
        """The quickest way to read one row."""
        if native is None:
            return self
        found: RowReader = native.facts(self.plan, list(zip(self.fields.tolist(), self.columns.tolist(), strict=True)))
        return found


class RowReader(Protocol):
    """Reads one row of one table, of events or of facts."""

    def one(self, row: bytes, t_us: int, values: Floats) -> tuple[int, int] | None:
        """See `TableValues.one`."""
        ...


class KernelTable(NamedTuple):
    """Where the kernel's reader of a table is: one of the two is 0."""

    windows: int
    facts: int


class Reader:
    """Reads every column of one user or of many. Make it with `compile_reader`; safe for any number of threads."""

    def __init__(
        self, tables: tuple[str, ...], columns: tuple[tuple[str, str], ...], parts: Sequence[TablePlan | _Facts]
    ) -> None:
        self.tables = tables
        """The state's tables to read, in the order `one` and `many` take their rows."""
        self.columns = columns
        """(view, feature) of each value."""
        self._parts = parts
        self._missing = np.full(len(columns), np.nan)
        native = kernel.native()
        self._tables: list[TableValues | None] = [
            None if isinstance(part, _Facts) else read_table(part, native) for part in parts
        ]
        self._rows: list[RowReader] = [
            table or part.reader(native)  # type: ignore[union-attr] # what is no table of events is one of facts
            for part, table in zip(parts, self._tables, strict=True)
        ]

    def one(self, rows: Sequence[bytes | None], t_us: int) -> UserValues:
        """One user's row of each table. Raises RowDamaged."""
        values = self._missing.copy()
        times: list[tuple[int, int] | None] = []
        for read, row in zip(self._rows, rows, strict=True):
            times.append(None if row is None else read.one(row, t_us, values))
        return UserValues(values, times)

    def kernel_tables(self) -> list[KernelTable] | None:
        """The kernel's readers of the tables, alive as long as this; None when it does not read all of them."""
        found = []
        for read in self._rows:
            if isinstance(read, NativeFacts):
                found.append(KernelTable(0, read.address))
            elif isinstance(read, NativeValues):
                found.append(KernelTable(read.address, 0))
            else:
                return None
        return found

    def many(self, rows: Sequence[Sequence[bytes | None]], t_us: int) -> Many:
        """Many users' rows of each table. Raises RowDamaged."""
        count = len(rows[0]) if rows else 0
        values = np.full((count, len(self.columns)), np.nan)
        watermark_us = np.full((len(self.tables), count), NO_TIME, dtype=np.int64)
        newest_us = np.full((len(self.tables), count), NO_TIME, dtype=np.int64)
        for i, (part, read) in enumerate(zip(self._parts, self._tables, strict=True)):
            if read is not None:
                read.many(rows[i], t_us, values, (watermark_us[i], newest_us[i]))
            else:
                assert isinstance(part, _Facts)
                found = evaluate_facts(part.plan, rows[i], t_us)
                values[:, part.columns] = found.values[:, part.fields]
                watermark_us[i], newest_us[i] = found.watermark_us, found.newest_us
        return Many(values, watermark_us, newest_us)


def compile_reader(
    views: Sequence[Plan],
    stored: Mapping[str, Layout],
    table_of: Mapping[str, str],
    columns: Sequence[tuple[str, str]] | None = None,
) -> Reader:
    """A reader of (view, feature) columns, all of the views' when None.

    `stored` holds the layout of each windowed table's rows, `table_of` the table of each windowed view. Raises KeyError
    for a column no view has.
    """
    plans = {plan.spec.name: plan for plan in views}
    wanted = tuple(columns or [(plan.spec.name, name) for plan in views for name in plan.spec.names])
    table = {view: table_of[view] if plan.spec.kind == "windowed" else view for view, plan in plans.items()}
    tables = tuple(dict.fromkeys(table[view] for view, _ in wanted))
    parts: list[TablePlan | _Facts] = []
    for name in tables:
        chosen = [(i, view, field) for i, (view, field) in enumerate(wanted) if table[view] == name]
        if name in plans and plans[name].spec.kind == "row":
            parts.append(_facts(plans[name], chosen))
        else:
            parts.append(_table_plan(name, stored.get(name), plans, chosen))
    return Reader(tables, wanted, parts)


def _facts(plan: Plan, chosen: Sequence[tuple[int, str, str]]) -> _Facts:
    fields = [plan.spec.names.index(field) for _, _, field in chosen]
    return _Facts(plan, np.array(fields, dtype=np.intp), np.array([i for i, _, _ in chosen], dtype=np.intp))


def _table_plan(
    name: str, layout: Layout | None, plans: Mapping[str, Plan], chosen: Sequence[tuple[int, str, str]]
) -> TablePlan:
    features = []
    for column, view, field in chosen:
        spec = plans[view].spec
        definition = spec.fields[spec.names.index(field)].definition
        features.append(TableFeature(column, lower(definition), definition.window_us))
    return TablePlan(name, layout, features)
