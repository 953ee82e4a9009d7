"""Values of Feast's views from the state's rows, read as the gateway reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from strata.features.fold import target_of
from strata.features.layout import Layout
from strata.features.note import GenerationNote
from strata.features.plan import Plan
from strata.features.reader import Many, Reader, compile_reader
from strata.features.user_row import MOVED
from strata.state.ports import Rows, State, StateReader

MAX_HOPS: Final = 16
"""An alias of an alias of an alias: nobody means more."""
_TRIES: Final = 3


class StoredValues:
    """Reads one state. Layouts and compiled readers are kept until a rebuild becomes current."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._version: int | None = None
        self._readers: dict[tuple[Plan, str], Reader] = {}

    def read(self, plan: Plan, table: str, defined: Mapping[str, Layout], users: Sequence[str], t_us: int) -> Many:
        """One view's values at t, in the order of users; `defined` is for tables that were never rebuilt.

        Users who became others have the values of those.
        """
        for _ in range(_TRIES):  # a flip between the two would show rows of a layout the reader does not know
            version = self._state.version()
            if version != self._version:
                self._readers.clear()
                self._version = version
            reader = self._readers.get((plan, table)) or self._compile(plan, table, defined)
            rows = self._rows(table, sorted(defined), users)
            if self._state.version() == version:
                break
        return reader.many([rows], t_us)

    def _compile(self, plan: Plan, table: str, defined: Mapping[str, Layout]) -> Reader:
        layout = stored_layout(self._state, table, defined)
        reader = compile_reader([plan], {} if layout is None else {table: layout}, {plan.spec.name: table})
        self._readers[(plan, table)] = reader
        return reader

    def _rows(self, table: str, windowed: Sequence[str], users: Sequence[str]) -> Rows:
        """The rows of those the users are by now. Tombstones are in every windowed table, and in no other."""
        tables = [table] if table in windowed else [table, *windowed[:1]]
        stored = self._state.read_views(tables, users)
        for _ in range(MAX_HOPS):
            moved = {
                at: target
                for at, row in enumerate(stored[-1])
                if row is not None and row.startswith(MOVED) and (target := target_of(row)) is not None
            }
            if not moved or (table not in windowed and not windowed):
                break
            found = self._state.read_views(tables, list(moved.values()))
            for rows, others in zip(stored, found, strict=True):
                for at, row in zip(moved, others, strict=True):
                    rows[at] = row
        return stored[0]


def stored_layout(state: StateReader, table: str, defined: Mapping[str, Layout]) -> Layout | None:
    """What a table's rows were written with: its generation's note says; before the first, the definitions do."""
    note = state.note(table)
    return GenerationNote.unpack(note).layout if note else defined.get(table)
