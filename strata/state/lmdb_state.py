"""The online state in LMDB: embedded, shared by the processes of one machine, read without copies of a server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from strata.errors import StoreUnavailable
from strata.state.batch import one_by_one
from strata.state.catalog import TableRecord, ensure_record, is_finished, rows_name, write_record
from strata.state.environment import Environment, acquire, release
from strata.state.generation import LmdbGeneration
from strata.state.keys import check_table, key_of
from strata.state.leases import drop_lease, make_holder, take_lease
from strata.state.lmdb_reader import LmdbReader
from strata.state.lmdb_rows import put_rows, transform_rows
from strata.state.notes import Beside
from strata.state.ports import BatchChange, Change, Positions

DEFAULT_MAP_BYTES: Final = 8 * 1024**3
"""Address space, not disk: the file grows as it is written, and a full map is doubled."""
T = TypeVar("T")


def open_lmdb(path: Path | str, *, readonly: bool = False, map_bytes: int = DEFAULT_MAP_BYTES) -> LmdbState:
    """Open the state in a folder; created when missing, unless read only. Close it when done.

    A process has one environment per real path, shared by every state opened on it. Raises StoreUnavailable (there
    is none, or it cannot be opened) and StoreDamaged.
    """
    return LmdbState(acquire(Path(path), readonly=readonly, map_bytes=map_bytes))


class LmdbState(LmdbReader):
    """See `ports.State`."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._holder = make_holder()

    def put(self, table: str, rows: Iterable[tuple[str, bytes]]) -> int:
        """Write rows into the current generation in one transaction."""
        encoded = [(key_of(user), row) for user, row in rows]

        def write(transaction: Any, database: Any, record: TableRecord) -> int:
            return put_rows(transaction, database, encoded)

        return self._change(table, write)

    def update(self, table: str, users: Iterable[str], change: Change) -> int:
        """Read, change and write rows, one at a time, in one transaction."""
        listed = list(users)
        return self.transform(table, listed, one_by_one(listed, change))

    def transform(
        self,
        table: str,
        users: Sequence[str],
        change: BatchChange,
        *,
        positions: Positions | None = None,
        expected: Positions | None = None,
        watermark_us: int | None = None,
    ) -> int:
        """Read, change and write a batch in one transaction."""
        keys = [key_of(user) for user in users]

        def write(transaction: Any, database: Any, record: TableRecord) -> int:
            Beside(transaction, self._catalog, table, record.slot).add_positions(positions, expected)
            if watermark_us is not None and watermark_us != record.watermark_us:
                write_record(transaction, self._catalog, table, replace(record, watermark_us=watermark_us))
            return transform_rows(transaction, database, keys, change)

        return self._change(table, write)

    def put_positions(self, table: str, positions: Positions) -> None:
        """Set log positions of the current generation."""

        def write(transaction: Any, database: Any, record: TableRecord) -> None:
            Beside(transaction, self._catalog, table, record.slot).add_positions(positions)

        self._change(table, write)

    def set_watermark(self, table: str, watermark_us: int, note: bytes | None = None) -> None:
        """Move the current generation's watermark."""

        def write(transaction: Any, database: Any, record: TableRecord) -> None:
            write_record(transaction, self._catalog, table, replace(record, watermark_us=watermark_us))
            if note is not None:
                Beside(transaction, self._catalog, table, record.slot).put_note(note)

        self._change(table, write)

    def begin_generation(self, table: str) -> LmdbGeneration:
        """Start a rebuild."""
        slots = self._slots(table)
        return LmdbGeneration.begin(self._environment, self._catalog, table, slots)

    def open_finished(self, table: str) -> LmdbGeneration | None:
        """Take up a finished rebuild."""
        slots = self._slots(table)
        if not self._look(lambda transaction, catalog: is_finished(transaction, catalog, table), False):
            return None
        return LmdbGeneration.adopt(self._environment, self._catalog, table, slots)

    def hold_lease(self, name: str, ttl_s: float) -> bool:
        """Take or renew a lease."""
        take = partial(take_lease, holder=self._holder, ttl_s=ttl_s, now_s=time.time())
        return self._environment.write(lambda transaction: take(transaction, self._catalog, name))

    def drop_lease(self, name: str) -> None:
        """Give a lease back."""
        drop = partial(drop_lease, holder=self._holder, now_s=time.time())
        self._environment.write(lambda transaction: drop(transaction, self._catalog, name))

    def close(self) -> None:
        """Give the environment back. Twice does no harm."""
        if self._environment is not None:
            environment, self._environment = self._environment, None  # type: ignore[assignment]
            release(environment)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _change(self, table: str, write: Callable[[Any, Any, TableRecord], T]) -> T:
        """Run `write` in a transaction, on the table's current database."""
        slots = self._slots(table)

        def work(transaction: Any) -> T:
            record = ensure_record(transaction, self._catalog, table)
            return write(transaction, slots[record.slot], record)

        return self._environment.write(work)

    def _slots(self, table: str) -> list[Any]:
        """The table's two databases, made when missing."""
        if self._environment.readonly:
            raise StoreUnavailable(f"the online state {self._environment.folder} is open for reading only")
        check_table(table)
        return [self._environment.database(rows_name(table, slot), create=True) for slot in (0, 1)]
