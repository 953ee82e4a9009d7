"""What lies beside a slot's rows in the catalog: its note, its log positions, and whether its rebuild is finished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Any, Final

from strata.errors import PositionsDiffer

_POSITION: Final = Struct("<Iq")


@dataclass(frozen=True, slots=True)
class Beside:
    """A slot's place in the catalog, within a transaction."""

    transaction: Any
    catalog: Any
    table: str
    slot: int

    def note(self) -> bytes | None:
        """The slot's note."""
        note: bytes | None = self.transaction.get(self._key(b"note"), db=self.catalog)
        return note

    def put_note(self, note: bytes) -> None:
        """Set the note; an empty one is none."""
        if note:
            self.transaction.put(self._key(b"note"), note, db=self.catalog)
        else:
            self.transaction.delete(self._key(b"note"), db=self.catalog)

    def positions(self) -> dict[int, int]:
        """The slot's log positions."""
        return dict(_POSITION.iter_unpack(self.transaction.get(self._key(b"positions"), b"", db=self.catalog)))

    def add_positions(self, positions: Mapping[int, int] | None, expected: Mapping[int, int] | None = None) -> None:
        """Set some of the log positions. Raises PositionsDiffer when they were not the expected ones."""
        if not positions and not expected:
            return
        held = self.positions()
        check_positions(self.table, held, expected)
        merged = sorted({**held, **(positions or {})}.items())
        packed = b"".join(_POSITION.pack(*pair) for pair in merged)
        self.transaction.put(self._key(b"positions"), packed, db=self.catalog)

    def clear(self) -> None:
        """Forget all of it."""
        for what in (b"note", b"positions"):
            self.transaction.delete(self._key(what), db=self.catalog)

    def _key(self, what: bytes) -> bytes:
        return b"%b/%b/%d" % (what, self.table.encode(), self.slot)


def check_positions(table: str, held: Mapping[int, int], expected: Mapping[int, int] | None) -> None:
    """Raise PositionsDiffer unless the positions held are the expected ones, where any are expected."""
    if expected and any(held.get(partition) != offset for partition, offset in expected.items()):
        raise PositionsDiffer(table, {partition: held.get(partition) for partition in expected}, dict(expected))
