"""The bytes of a user's row, written by `row_writer` and read by `row_reader`.

Little endian, nothing aligned; the same state always gives the same bytes.

    header      64 bytes: magic, size, layout fingerprint, newest event, watermark, log position, quota block and count,
                tiles, seen ids, first tile
    tiles       the distances between neighbouring tile numbers
    sums        per count and total: which tiles have one, and their numbers
    extremes    per least and greatest: likewise
    newest      per latest value: its time and the value; per moment: the time
    ids         per id set: how many; then per tile how many have it as their last, and 32-bit hashes by (tile, hash)
    sessions    per kind of session: how many; by (end, id) 32-bit hashes of ids where it goes by id; then their ends
                before the newest event, their lengths in microseconds, and their events
    recent      per kind of newest events: how many, a byte; then how long each was before the next newer one, a byte
                each (1: it has an item, 2: a category), and 32-bit hashes: their types, items, categories
    seen        hashes of event ids ascending, their event times before the watermark, their log offsets

*Ints* are a byte that says their width (1, 2, 4 or 8 bytes, the smallest that holds all) and the numbers. A *column*
is a byte: 0 for empty, else the width, plus 16 when every tile has a number; otherwise a bit per tile follows; then
the numbers.

A tombstone of a user who became another is a header with another magic, the seen ids, and the user's name.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

from strata.errors import StoreDamaged

MAGIC: Final = b"STU1"
MOVED: Final = b"STM1"
HEADER: Final = Struct("<4sIQqqqiIIIq")
DENSE: Final = 16
MAX_TILES: Final = 1 << 24
TIME_LIMIT: Final = 2**58
"""Times and tiles past this are damage: arithmetic on those inside it cannot leave int64."""
WIDTHS: Final = {1: "b", 2: "h", 4: "i", 8: "q"}


class RowDamaged(StoreDamaged, ValueError):
    """A row's bytes are not what they should be."""

    def __init__(self, table: str, reason: str) -> None:
        super().__init__(f"a row of {table} is damaged: {reason}. Rebuild it with: strata features materialize")


class Header(NamedTuple):
    """A row's head. Times are microseconds UTC, NEVER (-2**63) for none."""

    magic: bytes
    size: int
    fingerprint: int
    newest_us: int
    watermark_us: int
    log_position: int
    quota_block: int
    quota_count: int
    tiles: int
    seen: int
    first_tile: int


def header_of(row: bytes, table: str = "the online state") -> Header:
    """The head of a row or tombstone. Raises RowDamaged."""
    if len(row) < HEADER.size:
        raise RowDamaged(table, f"it has {len(row)} bytes")
    header = Header._make(HEADER.unpack_from(row))
    if header.magic not in (MAGIC, MOVED):
        raise RowDamaged(table, f"it starts with {header.magic!r}, not {MAGIC!r}")
    if header.size != len(row):
        raise RowDamaged(table, f"it should have {header.size} bytes and has {len(row)}")
    return header
