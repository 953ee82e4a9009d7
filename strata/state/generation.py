"""A rebuild of one table in its hidden slot."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice, pairwise
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from strata.errors import StoreUnavailable
from strata.state.catalog import (
    TableRecord,
    flip_record,
    is_finished,
    mark_finished,
    read_builder,
    read_record,
    write_builder,
)
from strata.state.environment import Environment
from strata.state.keys import key_of
from strata.state.lmdb_rows import clear_rows, drop_rows, put_rows, transform_rows
from strata.state.notes import Beside
from strata.state.ports import BatchChange, Positions

CHUNK_ROWS: Final = 5_000
"""Rows a transaction: other writers wait no longer than one chunk."""
CLEARED_ROWS: Final = 2_000
"""Rows removed in a transaction. LMDB looks at the pages of each of them; of a store larger than memory they come from
the disk, one at a time. Dropping 10,000,000 at once took over ten minutes (2026-11), in which nobody else writes."""
PAUSE_S: Final = 0.002
"""Between two such transactions, so that others get their turn: the lock goes to whoever asks first."""
T = TypeVar("T")


class LmdbGeneration:
    """See `ports.Generation`. Made by `LmdbState.begin_generation` and `open_finished`."""

    def __init__(self, environment: Environment, catalog: Any, table: str, slots: Sequence[Any]) -> None:
        self._environment, self._catalog, self._table, self._slots = environment, catalog, table, slots
        self._token = os.urandom(16)
        self._last_key = b""
        self._open, self._finished = True, False
        self._note = b""

    @classmethod
    def begin(cls, environment: Environment, catalog: Any, table: str, slots: Sequence[Any]) -> LmdbGeneration:
        """Claim the table's rebuild and clear what a killed one, or the last flip, left."""
        generation = cls(environment, catalog, table, slots)
        environment.lmdb.reader_check()

        def claim(transaction: Any) -> None:
            write_builder(transaction, catalog, table, generation._token)
            generation._forget(transaction)

        environment.write(claim)
        _in_turns(lambda: generation._change(generation._clear_some))
        return generation

    @classmethod
    def adopt(cls, environment: Environment, catalog: Any, table: str, slots: Sequence[Any]) -> LmdbGeneration | None:
        """Claim a finished rebuild as it is; None when it has gone meanwhile."""
        generation = cls(environment, catalog, table, slots)

        def claim(transaction: Any) -> bool:
            if not is_finished(transaction, catalog, table):
                return False
            write_builder(transaction, catalog, table, generation._token)
            slot = generation._record(transaction).hidden
            generation._note = generation._beside(transaction, slot).note() or b""
            return True

        generation._finished = environment.write(claim)
        return generation if generation._finished else None

    @property
    def note(self) -> bytes:
        """What `finish` was given."""
        return self._note

    def positions(self) -> dict[int, int]:
        """The log positions of its rows."""
        return self._change(lambda transaction, slot: self._beside(transaction, slot).positions())

    def put(self, rows: Iterable[tuple[str, bytes]]) -> int:
        """Add rows, a transaction per chunk."""
        encoded = ((key_of(user), row) for user, row in rows)
        count = 0
        while chunk := list(islice(encoded, CHUNK_ROWS)):
            self._change(partial(self._put, chunk))
            count += len(chunk)
        return count

    def transform(
        self,
        users: Sequence[str],
        change: BatchChange,
        *,
        positions: Positions | None = None,
        expected: Positions | None = None,
    ) -> int:
        """Read, change and write hidden rows in one transaction."""
        keys = [key_of(user) for user in users]
        self._last_key = max([self._last_key, *keys])

        def write(transaction: Any, slot: int) -> int:
            self._beside(transaction, slot).add_positions(positions, expected)
            return transform_rows(transaction, self._slots[slot], keys, change)

        return self._change(write)

    def finish(self, note: bytes, positions: Positions | None = None) -> None:
        """Keep the rows for whoever commits them."""

        def write(transaction: Any, slot: int) -> None:
            self._beside(transaction, slot).put_note(note)
            self._beside(transaction, slot).add_positions(positions)
            mark_finished(transaction, self._catalog, self._table, True)

        self._change(write)
        self._environment.sync()
        self._finished, self._note = True, note

    def commit(self, watermark_us: int, note: bytes = b"") -> None:
        """Flip the table to these rows. Many old ones are left to the next rebuild: a flip is to be short."""

        def flip(transaction: Any, slot: int) -> None:
            record = self._record(transaction)
            if note:
                self._beside(transaction, slot).put_note(note)
            flip_record(transaction, self._catalog, self._table, TableRecord(record.generation + 1, slot, watermark_us))
            write_builder(transaction, self._catalog, self._table, None)
            self._forget(transaction)
            drop_rows(transaction, self._slots[record.slot], CLEARED_ROWS)

        self._change(flip)
        self._environment.sync()
        self._open = False

    def abort(self) -> None:
        """Remove the rows put."""
        if not self._open:
            return
        self._open = False

        def clear(transaction: Any) -> bool:
            if read_builder(transaction, self._catalog, self._table) != self._token:
                return True
            self._forget(transaction)
            empty = self._clear_some(transaction, self._record(transaction).hidden)
            if empty:
                write_builder(transaction, self._catalog, self._table, None)
            return empty

        _in_turns(lambda: self._environment.write(clear))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished:
            self.abort()

    def _put(self, chunk: list[tuple[bytes, bytes]], transaction: Any, slot: int) -> None:
        keys = [key for key, _ in chunk]
        ascending = self._last_key < keys[0] and all(a < b for a, b in pairwise(keys))
        put_rows(transaction, self._slots[slot], chunk, append=ascending and not self._finished)
        self._last_key = max(self._last_key, *keys)

    def _change(self, write: Callable[[Any, int], T]) -> T:
        """Run `write` on the hidden slot in a transaction, if this rebuild is still the one that counts."""

        def work(transaction: Any) -> T:
            if not self._open:
                raise StoreUnavailable(f"this rebuild of {self._table} has ended; begin another")
            if read_builder(transaction, self._catalog, self._table) != self._token:
                raise StoreUnavailable(f"another rebuild of {self._table} began; this one is void. Run one at a time")
            return write(transaction, self._record(transaction).hidden)

        return self._environment.write(work)

    def _forget(self, transaction: Any) -> None:
        """Whatever the hidden slot holds, after a flip the one that was current, is nobody's rows."""
        self._beside(transaction, self._record(transaction).hidden).clear()
        mark_finished(transaction, self._catalog, self._table, False)

    def _clear_some(self, transaction: Any, slot: int) -> bool:
        """Remove some rows of a slot; whether it is empty then."""
        return clear_rows(transaction, self._slots[slot], CLEARED_ROWS)

    def _beside(self, transaction: Any, slot: int) -> Beside:
        return Beside(transaction, self._catalog, self._table, slot)

    def _record(self, transaction: Any) -> TableRecord:
        return read_record(transaction, self._catalog, self._table) or TableRecord()


def _in_turns(step: Callable[[], bool]) -> None:
    """Repeat a short transaction until it says that nothing is left; others write in between."""
    while not step():
        time.sleep(PAUSE_S)
