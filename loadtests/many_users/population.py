"""Any number of users made of the prepared home's: real rows under simulated names.

A row says nothing of whose it is (its user is its key alone), so that it may be written under any name. Tombstones are
left out: they name the user theirs became.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadtests.many_users.names import user_name
from strata.errors import InputInvalid
from strata.features.user_row import MOVED
from strata.registry import read_catalog
from strata.settings import Settings
from strata.state import open_state
from strata.state.ports import Rows


@dataclass(frozen=True)
class Table:
    """One table of the population: a row, or none, for each real user."""

    name: str
    rows: Rows
    watermark_us: int
    note: bytes

    def simulated(self, count: int) -> Iterator[tuple[str, bytes]]:
        """The rows of `count` users in byte order of their names, real users in turn: nothing is kept in memory."""
        rows, period = self.rows, len(self.rows)
        for number in range(count):
            row = rows[number % period]
            if row is not None:
                yield user_name(number), row


def read_tables(settings: Settings, users: Sequence[str]) -> list[Table]:
    """Every table of the home's state with the rows of these users. Raises InputInvalid when none of them has one."""
    catalog = read_catalog(settings.registry)
    names = list(dict.fromkeys(catalog.table_of(view) for view in catalog.views))
    with open_state(settings.state_address, readonly=True) as state:
        found = state.read_views(names, users)
        marks = {name: state.watermark_us(name) for name in names}
        notes = {name: state.note(name) or b"" for name in names}
    kept = [at for at in range(len(users)) if _stands_alone([rows[at] for rows in found])]
    if not kept:
        raise InputInvalid(f"no user has a row in {settings.state_address}; prepare it with `strata up --prepare-only`")
    tables = []
    for name, rows in zip(names, found, strict=True):
        mark = marks[name]
        if mark is not None:
            tables.append(Table(name, [rows[at] for at in kept], mark, notes[name]))
        elif any(row is not None for row in rows):
            raise InputInvalid(f"table {name} was never built as a whole; run `strata features materialize` first")
    return tables


def _stands_alone(rows: Rows) -> bool:
    return any(row is not None for row in rows) and not any(row is not None and row[:4] == MOVED for row in rows)
