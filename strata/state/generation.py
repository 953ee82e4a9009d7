"""A rebuild of one view in its hidden slot."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from itertools import islice, pairwise
from types import TracebackType
from typing import Any, Final, Self

from strata.errors import StoreUnavailable
from strata.state.catalog import ViewRecord, read_builder, read_record, rows_name, write_builder, write_record
from strata.state.environment import Environment
from strata.state.keys import key_of

CHUNK_ROWS: Final = 5_000
"""Rows a transaction: other writers wait no longer than one chunk."""


class LmdbGeneration:
    """See `ports.Generation`. Made by `LmdbState.begin_generation`."""

    def __init__(self, environment: Environment, catalog: Any, view: str) -> None:
        self._environment, self._catalog, self._view = environment, catalog, view
        self._slots = [environment.database(rows_name(view, slot), create=True) for slot in (0, 1)]
        self._token = os.urandom(16)
        self._last_key = b""
        self._open = True
        environment.lmdb.reader_check()
        environment.write(self._begin)

    def put(self, rows: Iterable[tuple[str, bytes]]) -> int:
        """Add rows, a transaction per chunk."""
        encoded = ((key_of(user), row) for user, row in rows)
        count = 0
        while chunk := list(islice(encoded, CHUNK_ROWS)):
            self._environment.write(partial(self._put, chunk))
            count += len(chunk)
        return count

    def commit(self, watermark_us: int) -> None:
        """Flip the view to these rows."""

        def flip(transaction: Any) -> None:
            record = self._check(transaction)
            write_record(
                transaction, self._catalog, self._view, ViewRecord(record.generation + 1, 1 - record.slot, watermark_us)
            )
            write_builder(transaction, self._catalog, self._view, None)
            transaction.drop(self._slots[record.slot], delete=False)

        self._environment.write(flip)
        self._open = False

    def abort(self) -> None:
        """Remove the rows put."""
        if not self._open:
            return
        self._open = False

        def clear(transaction: Any) -> None:
            if read_builder(transaction, self._catalog, self._view) == self._token:
                write_builder(transaction, self._catalog, self._view, None)
                transaction.drop(self._slots[1 - self._record(transaction).slot], delete=False)

        self._environment.write(clear)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def _begin(self, transaction: Any) -> None:
        """Claim the view's rebuild and clear what a killed one left."""
        record = self._record(transaction)
        write_builder(transaction, self._catalog, self._view, self._token)
        transaction.drop(self._slots[1 - record.slot], delete=False)

    def _put(self, chunk: list[tuple[bytes, bytes]], transaction: Any) -> None:
        target = self._slots[1 - self._check(transaction).slot]
        keys = [key for key, _ in chunk]
        ascending = self._last_key < keys[0] and all(a < b for a, b in pairwise(keys))
        with transaction.cursor(db=target) as cursor:
            cursor.putmulti(chunk, append=ascending)
        self._last_key = max(self._last_key, *keys)

    def _check(self, transaction: Any) -> ViewRecord:
        if not self._open:
            raise StoreUnavailable(f"this rebuild of {self._view} has ended; begin another")
        if read_builder(transaction, self._catalog, self._view) != self._token:
            raise StoreUnavailable(f"another rebuild of {self._view} began; this one is void. Run one at a time")
        return self._record(transaction)

    def _record(self, transaction: Any) -> ViewRecord:
        return read_record(transaction, self._catalog, self._view) or ViewRecord()
