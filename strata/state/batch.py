"""One batch of users' rows, read, changed and written. The same arithmetic in every store."""

from __future__ import annotations

from collections.abc import Sequence

from strata.state.ports import BatchChange, Change, Rows


def changed_rows(keys: Sequence[bytes], held: Rows, change: BatchChange) -> list[tuple[bytes, bytes]]:
    """The (key, row) pairs to write. Raises ValueError when `change` answers another number of rows."""
    return [(key, row) for key, row in zip(keys, change(held), strict=True) if row is not None]


def one_by_one(users: Sequence[str], change: Change) -> BatchChange:
    """A change of single rows as one of a batch. A repeated user meets what the one before left."""

    def change_all(rows: Rows) -> Rows:
        held = dict(zip(users, rows, strict=True))
        changed: Rows = []
        for user in users:
            row = change(user, held[user])
            changed.append(row)
            if row is not None:
                held[user] = row
        return changed

    return change_all
