"""Where a fold reads and writes rows: the current generation, or the hidden one that is being caught up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from strata.state.ports import Generation, Positions, State

Rows = list[bytes | None]
Change = Callable[[Rows], Rows]


class TableRows(Protocol):
    """The rows of several tables."""

    def read(self, table: str, users: Sequence[str]) -> Rows:
        """One row per user."""
        ...

    def transform(self, table: str, users: Sequence[str], change: Change, positions: Positions | None = None) -> None:
        """Read, change and write rows as one, and with them the log positions reached. None leaves a row alone."""
        ...


class LiveRows:
    """The current generations, fenced: a write raises PositionsDiffer when the store is not where it was left."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._stored: dict[str, dict[int, int]] = {}

    def begin(self, tables: Sequence[str]) -> None:
        """Learn where each table is."""
        self._stored = {table: self._state.positions(table) for table in tables}

    def positions(self, table: str) -> Mapping[int, int]:
        """The next offset of each partition, as last read or written."""
        return self._stored[table]

    def read(self, table: str, users: Sequence[str]) -> Rows:
        return self._state.read(table, users)

    def transform(self, table: str, users: Sequence[str], change: Change, positions: Positions | None = None) -> None:
        stored = self._stored[table]
        moved = {p: max(offset, stored.get(p, 0)) for p, offset in (positions or {}).items()}
        expected = {p: stored[p] for p in moved if p in stored}
        self._state.transform(table, users, change, positions=moved, expected=expected)
        stored.update(moved)


class HiddenRows:
    """Finished generations that nobody reads yet."""

    def __init__(self, generations: Mapping[str, Generation]) -> None:
        self._generations = generations

    def read(self, table: str, users: Sequence[str]) -> Rows:
        found: Rows = []

        def look(rows: Rows) -> Rows:
            found[:] = rows
            return [None] * len(rows)

        self._generations[table].transform(users, look)
        return found

    def transform(self, table: str, users: Sequence[str], change: Change, positions: Positions | None = None) -> None:
        self._generations[table].transform(users, change, positions=positions)
