"""The online state in LMDB: embedded, shared by the processes of one machine, read without copies of a server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import lmdb

from strata.errors import StoreUnavailable
from strata.state.catalog import CATALOG, VERSION_KEY, ViewRecord, read_record, rows_name, write_record
from strata.state.environment import Environment, acquire, release, told
from strata.state.generation import LmdbGeneration
from strata.state.keys import is_key, key_of
from strata.state.ports import Change, Rows

DEFAULT_MAP_BYTES: Final = 8 * 1024**3
"""Address space, not disk: the file grows as it is written, and a full map is doubled."""


def open_state(path: Path | str, *, readonly: bool = False, map_bytes: int = DEFAULT_MAP_BYTES) -> LmdbState:
    """Open the state in a folder; created when missing, unless read only. Close it when done.

    A process has one environment per real path, shared by every state opened on it. Raises StoreUnavailable (there
    is none, or it cannot be opened) and StoreDamaged.
    """
    return LmdbState(acquire(Path(path), readonly=readonly, map_bytes=map_bytes))


class LmdbState:
    """See `ports.StateReader` and `ports.StateWriter`. Rows come back as bytes of their own."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._catalog = environment.database(CATALOG, create=not environment.readonly)
        self._version: bytes | None = None
        self._current: dict[str, Any] = {}
        """Each view's current database, as of `_version`; None for a view without one."""

    def read(self, view: str, users: Sequence[str]) -> Rows:
        """One row per user, in order."""
        return self.read_views((view,), users)[0]

    def read_views(self, views: Sequence[str], users: Sequence[str]) -> list[Rows]:
        """One list per view, all from one snapshot."""
        try:
            return self._read(views, [user.encode() for user in users])
        except (lmdb.BadValsizeError, UnicodeEncodeError):
            fit = [is_key(user) for user in users]
            found = self._read(views, [user.encode() for user, good in zip(users, fit, strict=True) if good])
            return [_spread(rows, fit) for rows in found]

    def watermark_us(self, view: str) -> int | None:
        """How far the current generation had got when it was committed."""
        catalog = self._find_catalog()
        if catalog is None:
            return None
        with told(self._environment.folder), self._environment.lmdb.begin() as transaction:
            record = read_record(transaction, catalog, view)
        return record.watermark_us if record else None

    def put(self, view: str, rows: Iterable[tuple[str, bytes]]) -> int:
        """Write rows into the current generation in one transaction."""
        encoded = [(key_of(user), row) for user, row in rows]
        databases = self._writable(view)

        def write(transaction: Any) -> int:
            database = databases[self._ensure(transaction, view).slot]
            with transaction.cursor(db=database) as cursor:
                cursor.putmulti(encoded)
            return len(encoded)

        return self._environment.write(write)

    def update(self, view: str, users: Iterable[str], change: Change) -> int:
        """Read, change and write rows in one transaction. `change` may run twice: when a full map had to grow."""
        keyed = [(user, key_of(user)) for user in users]
        databases = self._writable(view)

        def write(transaction: Any) -> int:
            database = databases[self._ensure(transaction, view).slot]
            written = 0
            for user, key in keyed:
                row = change(user, transaction.get(key, db=database))
                if row is not None:
                    transaction.put(key, row, db=database)
                    written += 1
            return written

        return self._environment.write(write)

    def begin_generation(self, view: str) -> LmdbGeneration:
        """Start a rebuild."""
        self._writable(view)
        return LmdbGeneration(self._environment, self._catalog, view)

    def close(self) -> None:
        """Give the environment back. Twice does no harm."""
        if self._environment is not None:
            environment, self._environment = self._environment, None  # type: ignore[assignment]
            release(environment)

    def __enter__(self) -> LmdbState:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, views: Sequence[str], keys: list[bytes]) -> list[Rows]:
        while True:
            try:
                with self._environment.lmdb.begin() as transaction:
                    get = transaction.get
                    if self._version is not None and get(VERSION_KEY, b"", self._catalog) == self._version:
                        current = self._current
                        if all(view in current for view in views):
                            return [_rows(get, current[view], keys) for view in views]
            except lmdb.MapResizedError:
                self._environment.adopt_size()
                continue
            except lmdb.BadValsizeError:
                raise
            except lmdb.Error:
                with told(self._environment.folder):
                    raise
            self._refresh(views)

    def _refresh(self, views: Sequence[str]) -> None:
        """Learn which slots are current. Handles open outside the transaction that will use them: LMDB demands it."""
        catalog = self._find_catalog()
        if catalog is None:
            self._version, self._current = None, dict.fromkeys(views)
            raise StoreUnavailable(f"the online state {self._environment.folder} is empty; build it first")
        with told(self._environment.folder), self._environment.lmdb.begin() as transaction:
            version = transaction.get(VERSION_KEY, b"", catalog)
            wanted = {*views, *self._current}
            records = {view: read_record(transaction, catalog, view) for view in wanted}
        self._current = {
            view: None if record is None else self._environment.database(rows_name(view, record.slot))
            for view, record in records.items()
        }
        self._version = version

    def _find_catalog(self) -> Any | None:
        if self._catalog is None:
            self._catalog = self._environment.database(CATALOG)
        return self._catalog

    def _writable(self, view: str) -> list[Any]:
        """The view's two databases, made when missing."""
        if self._environment.readonly:
            raise StoreUnavailable(f"the online state {self._environment.folder} is open for reading only")
        if not view or "/" in view:
            raise StoreUnavailable(f"{view!r} cannot be a view's name in the online state: it is empty or has a slash")
        return [self._environment.database(rows_name(view, slot), create=True) for slot in (0, 1)]

    def _ensure(self, transaction: Any, view: str) -> ViewRecord:
        record = read_record(transaction, self._catalog, view)
        if record is None:
            record = ViewRecord()
            write_record(transaction, self._catalog, view, record)
        return record


def _rows(get: Any, database: Any | None, keys: list[bytes]) -> Rows:
    if database is None:
        return [None] * len(keys)
    return [get(key, None, database) for key in keys]


def _spread(rows: Rows, fit: list[bool]) -> Rows:
    found = iter(rows)
    return [next(found) if good else None for good in fit]
