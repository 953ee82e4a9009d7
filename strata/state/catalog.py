"""Which of a table's two slots is current. Kept in the database `catalog`, with a version that every flip raises.

A table has two databases, `rows/{table}/0` and `rows/{table}/1`: a generation is built in the one readers do not see.
Two fixed names, not one per generation, since LMDB keeps every handle a process has opened until it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Any, Final

CATALOG: Final = b"catalog"
VERSION_KEY: Final = b"version"
_RECORD: Final = Struct("<QB?q")
_VERSION: Final = Struct("<Q")


@dataclass(frozen=True)
class TableRecord:
    """A table's current generation."""

    generation: int = 0
    slot: int = 0
    watermark_us: int | None = None

    @property
    def hidden(self) -> int:
        """The slot a rebuild uses."""
        return 1 - self.slot

    def pack(self) -> bytes:
        """As kept."""
        known = self.watermark_us is not None
        return _RECORD.pack(self.generation, self.slot, known, self.watermark_us or 0)

    @classmethod
    def unpack(cls, data: bytes) -> TableRecord:
        """As read."""
        generation, slot, known, watermark_us = _RECORD.unpack(data)
        return cls(generation, slot, watermark_us if known else None)


def rows_name(table: str, slot: int) -> bytes:
    """The database of a slot."""
    return f"rows/{table}/{slot}".encode()


def read_record(transaction: Any, catalog: Any, table: str) -> TableRecord | None:
    """A table's record; None before its first row."""
    data = transaction.get(_table_key(table), db=catalog)
    return None if data is None else TableRecord.unpack(data)


def ensure_record(transaction: Any, catalog: Any, table: str) -> TableRecord:
    """A table's record, written when there is none yet."""
    record = read_record(transaction, catalog, table)
    if record is None:
        record = TableRecord()
        flip_record(transaction, catalog, table, record)
    return record


def write_record(transaction: Any, catalog: Any, table: str, record: TableRecord) -> None:
    """Set a table's record in place: its slot is the one it had."""
    transaction.put(_table_key(table), record.pack(), db=catalog)


def flip_record(transaction: Any, catalog: Any, table: str, record: TableRecord) -> None:
    """Set a table's record and raise the version, by which readers learn that slots changed."""
    write_record(transaction, catalog, table, record)
    transaction.put(VERSION_KEY, _VERSION.pack(read_version(transaction, catalog) + 1), db=catalog)


def read_version(transaction: Any, catalog: Any) -> int:
    """How often a slot changed."""
    data = transaction.get(VERSION_KEY, db=catalog)
    return 0 if data is None else int(_VERSION.unpack(data)[0])


def read_builder(transaction: Any, catalog: Any, table: str) -> bytes | None:
    """The token of the generation being built."""
    token: bytes | None = transaction.get(_builder_key(table), db=catalog)
    return token


def write_builder(transaction: Any, catalog: Any, table: str, token: bytes | None) -> None:
    """Say which generation is being built."""
    if token is None:
        transaction.delete(_builder_key(table), db=catalog)
    else:
        transaction.put(_builder_key(table), token, db=catalog)


def is_finished(transaction: Any, catalog: Any, table: str) -> bool:
    """Whether the generation being built is whole and waits for its commit."""
    return transaction.get(_finished_key(table), db=catalog) is not None


def mark_finished(transaction: Any, catalog: Any, table: str, finished: bool) -> None:
    """Say whether it is."""
    if finished:
        transaction.put(_finished_key(table), b"1", db=catalog)
    else:
        transaction.delete(_finished_key(table), db=catalog)


def _finished_key(table: str) -> bytes:
    return b"finished/" + table.encode()


def _table_key(table: str) -> bytes:
    return b"view/" + table.encode()


def _builder_key(table: str) -> bytes:
    return b"building/" + table.encode()
