"""Reads of the online state in LMDB: one short transaction a call, no copy of the current slots asked twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import lmdb

from strata.errors import StoreUnavailable
from strata.state.catalog import CATALOG, VERSION_KEY, TableRecord, read_record, read_version, rows_name
from strata.state.environment import Environment, told
from strata.state.keys import is_key
from strata.state.leases import read_holder
from strata.state.notes import Beside
from strata.state.ports import Rows

A = TypeVar("A")
T = TypeVar("T")
_NO_SNAPSHOT = -1
"""LMDB numbers its transactions from 0."""
_UNKNOWN = object()
"""A table nobody asked for yet; None is one that has no rows."""


class LmdbReader:
    """See `ports.StateReader`. Rows come back as bytes of their own."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._catalog = environment.database(CATALOG, create=not environment.readonly)
        self._known: tuple[bytes | None, dict[str, Any], int] = None, {}, _NO_SNAPSHOT
        """A version, each table's database as of it (None for a table without one), and the newest snapshot that was
        seen to be of that version. One value, for threads."""

    def read(self, table: str, users: Sequence[str]) -> Rows:
        """One row per user, in order."""
        return self.read_views((table,), users)[0]

    def read_views(self, tables: Sequence[str], users: Sequence[str]) -> list[Rows]:
        """One list per table, all from one snapshot."""
        try:
            return self._read(tables, [user.encode() for user in users], _many)
        except (lmdb.BadValsizeError, UnicodeEncodeError):
            fit = [is_key(user) for user in users]
            keys = [user.encode() for user, good in zip(users, fit, strict=True) if good]
            return [_spread(rows, fit) for rows in self._read(tables, keys, _many)]

    def read_user(self, tables: Sequence[str], user: str) -> Rows:
        """One row per table, from one snapshot."""
        try:
            return self._read(tables, user.encode(), _one)
        except (lmdb.BadValsizeError, UnicodeEncodeError):
            return [None] * len(tables)

    def watermark_us(self, table: str) -> int | None:
        """How far the current generation has got."""
        record = self._look(lambda transaction, catalog: read_record(transaction, catalog, table), None)
        return record.watermark_us if record else None

    def note(self, table: str) -> bytes | None:
        """What was written beside the current generation."""

        def look(transaction: Any, catalog: Any) -> bytes | None:
            record = read_record(transaction, catalog, table) or TableRecord()
            return Beside(transaction, catalog, table, record.slot).note()

        return self._look(look, None)

    def positions(self, table: str) -> dict[int, int]:
        """The log positions of the current generation."""

        def look(transaction: Any, catalog: Any) -> dict[int, int]:
            record = read_record(transaction, catalog, table) or TableRecord()
            return Beside(transaction, catalog, table, record.slot).positions()

        return self._look(look, {})

    def version(self) -> int:
        """How often a slot changed."""
        return self._look(read_version, 0)

    def lease_holder(self, name: str) -> str | None:
        """Who holds a lease now."""
        return self._look(lambda transaction, catalog: read_holder(transaction, catalog, name, time.time()), None)

    def _look(self, look: Callable[[Any, Any], T], otherwise: T) -> T:
        """Look into the catalog; `otherwise` where there is none yet."""
        catalog = self._find_catalog()
        if catalog is None:
            return otherwise
        while True:
            try:
                with (
                    told(self._environment.folder, lmdb.MapResizedError),
                    self._environment.reading,
                    self._environment.lmdb.begin() as transaction,
                ):
                    return look(transaction, catalog)
            except lmdb.MapResizedError:
                self._environment.adopt_size()

    def _read(self, tables: Sequence[str], asked: A, take: Callable[[Any, list[Any], A], T]) -> T:
        """What `take` makes of a snapshot's `get` and the tables' databases."""
        while True:
            try:
                with self._environment.reading, self._environment.lmdb.begin() as transaction:
                    get, snapshot = transaction.get, transaction.id()
                    version, current, seen = self._known
                    if snapshot != seen and version is not None and get(VERSION_KEY, b"", self._catalog) == version:
                        seen = snapshot
                        self._known = version, current, snapshot
                    if snapshot == seen:
                        databases = [current.get(table, _UNKNOWN) for table in tables]
                        if _UNKNOWN not in databases:
                            return take(get, databases, asked)
            except lmdb.MapResizedError:
                self._environment.adopt_size()
                continue
            except lmdb.BadValsizeError:
                raise
            except lmdb.Error:
                with told(self._environment.folder):
                    raise
            self._refresh(tables)

    def _refresh(self, tables: Sequence[str]) -> None:
        """Learn which slots are current. Handles open outside the transaction that will use them: LMDB demands it."""
        if self._find_catalog() is None:
            raise StoreUnavailable(f"the online state {self._environment.folder} is empty; build it first")
        wanted = {*tables, *self._known[1]}

        def look(transaction: Any, catalog: Any) -> tuple[bytes, dict[str, TableRecord | None]]:
            version = transaction.get(VERSION_KEY, b"", catalog)
            return version, {table: read_record(transaction, catalog, table) for table in wanted}

        nothing: dict[str, TableRecord | None] = {}
        version, records = self._look(look, (b"", nothing))
        self._known = (
            version,
            {
                table: None if record is None else self._environment.database(rows_name(table, record.slot))
                for table, record in records.items()
            },
            _NO_SNAPSHOT,
        )

    def _find_catalog(self) -> Any | None:
        if self._catalog is None:
            self._catalog = self._environment.database(CATALOG)
        return self._catalog


def _many(get: Any, databases: list[Any], keys: list[bytes]) -> list[Rows]:
    return [
        [None] * len(keys) if database is None else [get(key, None, database) for key in keys] for database in databases
    ]


def _one(get: Any, databases: list[Any], key: bytes) -> Rows:
    return [None if database is None else get(key, None, database) for database in databases]


def _spread(rows: Rows, fit: list[bool]) -> Rows:
    found = iter(rows)
    return [next(found) if good else None for good in fit]
