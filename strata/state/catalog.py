"""Which of a view's two slots is current. Kept in the database `catalog`, with a version that every flip raises.

A view has two databases, `rows/{view}/0` and `rows/{view}/1`: a generation is built in the one readers do not see.
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
class ViewRecord:
    """A view's current generation."""

    generation: int = 0
    slot: int = 0
    watermark_us: int | None = None

    def pack(self) -> bytes:
        """As kept."""
        known = self.watermark_us is not None
        return _RECORD.pack(self.generation, self.slot, known, self.watermark_us or 0)

    @classmethod
    def unpack(cls, data: bytes) -> ViewRecord:
        """As read."""
        generation, slot, known, watermark_us = _RECORD.unpack(data)
        return cls(generation, slot, watermark_us if known else None)


def rows_name(view: str, slot: int) -> bytes:
    """The database of a slot."""
    return f"rows/{view}/{slot}".encode()


def read_record(transaction: Any, catalog: Any, view: str) -> ViewRecord | None:
    """A view's record; None before its first row."""
    data = transaction.get(_view_key(view), db=catalog)
    return None if data is None else ViewRecord.unpack(data)


def write_record(transaction: Any, catalog: Any, view: str, record: ViewRecord) -> None:
    """Set a view's record and raise the version."""
    transaction.put(_view_key(view), record.pack(), db=catalog)
    data = transaction.get(VERSION_KEY, db=catalog)
    version = 0 if data is None else _VERSION.unpack(data)[0]
    transaction.put(VERSION_KEY, _VERSION.pack(version + 1), db=catalog)


def read_builder(transaction: Any, catalog: Any, view: str) -> bytes | None:
    """The token of the generation being built."""
    token: bytes | None = transaction.get(_builder_key(view), db=catalog)
    return token


def write_builder(transaction: Any, catalog: Any, view: str, token: bytes | None) -> None:
    """Say which generation is being built."""
    if token is None:
        transaction.delete(_builder_key(view), db=catalog)
    else:
        transaction.put(_builder_key(view), token, db=catalog)


def _view_key(view: str) -> bytes:
    return b"view/" + view.encode()


def _builder_key(view: str) -> bytes:
    return b"building/" + view.encode()
