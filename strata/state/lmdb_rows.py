"""Rows in one LMDB database, within a write transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from strata.state.batch import changed_rows
from strata.state.ports import BatchChange


def put_rows(transaction: Any, database: Any, rows: list[tuple[bytes, bytes]], *, append: bool = False) -> int:
    """Write rows, replacing. `append`: they are in key order and behind every key there is."""
    with transaction.cursor(db=database) as cursor:
        cursor.putmulti(rows, append=append)
    return len(rows)


def transform_rows(transaction: Any, database: Any, keys: Sequence[bytes], change: BatchChange) -> int:
    """Read the keys' rows, change them, write what changed."""
    get = transaction.get
    return put_rows(transaction, database, changed_rows(keys, [get(key, None, database) for key in keys], change))


def drop_rows(transaction: Any, database: Any, most: int) -> bool:
    """Remove every row, where there are up to `most`; whether that was so."""
    few = bool(transaction.stat(database)["entries"] <= most)
    if few:
        transaction.drop(database, delete=False)
    return few


def clear_rows(transaction: Any, database: Any, most: int) -> bool:
    """Remove up to `most` rows; whether none is left."""
    if drop_rows(transaction, database, most):
        return True
    with transaction.cursor(db=database) as cursor:
        cursor.first()
        for _ in range(most):
            cursor.delete()
    return False
