"""The bytes of a user's row. Little endian, nothing aligned; the same state always gives the same bytes.

    header      64 bytes: magic, size, layout fingerprint, newest event, watermark, log position, quota block and count,
                tiles, seen ids, first tile
    tiles       the distances between neighbouring tile numbers
    sums        per count and total: which tiles have one, and their numbers
    extremes    per least and greatest: likewise
    newest      per latest value: its time and the value; per moment: the time
    ids         per id set: how many; then per tile how many have it as their last, and 32-bit hashes by (tile, hash)
    seen        hashes of event ids ascending, their event times before the watermark, their log offsets

*Ints* are a byte that says their width (1, 2, 4 or 8 bytes, the smallest that holds all) and the numbers. A *column*
is a byte: 0 for empty, else the width, plus 16 when every tile has a number; otherwise a bit per tile follows; then
the numbers.

A tombstone of a user who became another is a header with another magic, the seen ids, and the user's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from struct import Struct, error
from typing import Final, NamedTuple

from strata.errors import StoreDamaged
from strata.features.functions.partials import PartialKind
from strata.features.layout import Layout
from strata.features.user_state import NEVER, UserState

MAGIC: Final = b"STU1"
MOVED: Final = b"STM1"
HEADER: Final = Struct("<4sIQqqqiIIIq")
DENSE: Final = 16
MAX_TILES: Final = 1 << 24
_INTS: Final = {1: "b", 2: "h", 4: "i", 8: "q"}


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


def target_of(row: bytes) -> str | None:
    """Whom a tombstone names; None for a row."""
    if row[:4] != MOVED:
        return None
    header = header_of(row)
    reader = _Reader("the online state", row, HEADER.size)
    reader.seen(header)
    try:
        return row[reader.at :].decode()
    except UnicodeDecodeError:
        raise RowDamaged("the online state", "its target is no text") from None


def encode(layout: Layout, state: UserState) -> bytes:
    """The row of a trimmed state."""
    tiles = state.tiles()
    place = {tile: i for i, tile in enumerate(tiles)}
    parts = [_ints([b - a for a, b in pairwise(tiles)])] if len(tiles) > 1 else []
    for columns in (state.sums, state.extremes):
        parts += [_column(column, tiles) for _, column in sorted(columns.items())]
    for i, (time, value) in sorted(state.newest.items()):
        wide = layout.partials[i].kind is PartialKind.LATEST
        parts.append(_pack("qq", [time, value]) if wide else _pack("q", [time]))
    parts += [_id_set(last, place) for _, last in sorted(state.ids.items())]
    parts.append(_seen(state))
    return _row(MAGIC, layout, state, tiles, parts)


def encode_moved(layout: Layout, state: UserState, target: str) -> bytes:
    """The tombstone of a state: who the user is now, and what judging later events needs."""
    return _row(MOVED, layout, state, [], [_seen(state), target.encode()])


def decode(layout: Layout, row: bytes) -> UserState | None:
    """The state of a row or tombstone; None for a row of another layout. Raises RowDamaged."""
    header = header_of(row, layout.table)
    if header.fingerprint != layout.fingerprint:
        return None
    state = UserState.empty(layout)
    state.newest_us, state.watermark_us, state.log_position = header[3:6]
    state.quota_block, state.quota_count = header[6:8]
    reader = _Reader(layout.table, row, HEADER.size)
    if header.magic == MAGIC:
        _read_tiles(layout, state, header, reader)
    state.seen = reader.seen(header)
    if header.magic == MAGIC and reader.at != len(row):
        raise RowDamaged(layout.table, "its sections do not add up")
    return state


def _read_tiles(layout: Layout, state: UserState, header: Header, reader: _Reader) -> None:
    if header.tiles > MAX_TILES:
        raise RowDamaged(layout.table, f"it has {header.tiles} tiles")
    tiles = reader.tiles(header)
    for columns in (state.sums, state.extremes):
        for i in sorted(columns):
            columns[i] = reader.column(tiles)
    for i in sorted(state.newest):
        wide = layout.partials[i].kind is PartialKind.LATEST
        pair = reader.pack("qq" if wide else "q", 1)
        state.newest[i] = (pair[0], pair[1] if wide else NEVER)
    for i in sorted(state.ids):
        state.ids[i] = reader.id_set(tiles)


class _Reader:
    """Reads a row from front to back; nothing outside it."""

    def __init__(self, table: str, row: bytes, at: int) -> None:
        self._table, self._row, self.at = table, row, at

    def pack(self, form: str, count: int) -> Sequence[int]:
        """So many times a form."""
        packed = Struct(f"<{form * count}" if len(form) > 1 else f"<{count}{form}")
        try:
            found = packed.unpack_from(self._row, self.at)
        except error:
            raise self._damaged("it ends inside a section") from None
        self.at += packed.size
        return found

    def ints(self, count: int) -> Sequence[int]:
        """Ints, width first."""
        width = self.pack("B", 1)[0]
        if width not in _INTS:
            raise self._damaged(f"a width is {width}")
        return self.pack(_INTS[width], count)

    def tiles(self, header: Header) -> list[int]:
        """The tile numbers."""
        if not header.tiles:
            return []
        tiles = [header.first_tile]
        if header.tiles > 1:
            for distance in self.ints(header.tiles - 1):
                if distance <= 0:
                    raise self._damaged("its tiles are not ascending")
                tiles.append(tiles[-1] + distance)
        return tiles

    def column(self, tiles: Sequence[int]) -> dict[int, int]:
        """Tile to number."""
        code = self.pack("B", 1)[0]
        if code == 0:
            return {}
        width = code & ~DENSE
        if width not in _INTS:
            raise self._damaged(f"a width is {width}")
        if not code & DENSE:
            bits = int.from_bytes(bytes(self.pack("B", (len(tiles) + 7) // 8)), "little")
            if bits >> len(tiles):
                raise self._damaged("a column has a tile too many")
            tiles = [tile for i, tile in enumerate(tiles) if bits >> i & 1]
        return dict(zip(tiles, self.pack(_INTS[width], len(tiles)), strict=True))

    def id_set(self, tiles: Sequence[int]) -> dict[int, int]:
        """Hash to last tile."""
        count = self.pack("I", 1)[0]
        if not count:
            return {}
        per_tile = self.ints(len(tiles))
        if min(per_tile, default=0) < 0 or sum(per_tile) != count:
            raise self._damaged("an id set does not add up")
        hashes = self.pack("I", count)
        last = [tile for tile, number in zip(tiles, per_tile, strict=True) for _ in range(number)]
        return dict(zip(hashes, last, strict=True))

    def seen(self, header: Header) -> dict[int, tuple[int, int]]:
        """Hash to (event time, offset)."""
        if not header.seen:
            return {}
        hashes = self.pack("Q", header.seen)
        ages, offsets = self.ints(header.seen), self.ints(header.seen)
        times = [header.watermark_us - age for age in ages]
        return dict(zip(hashes, zip(times, offsets, strict=True), strict=True))

    def _damaged(self, reason: str) -> RowDamaged:
        return RowDamaged(self._table, reason)


def _row(magic: bytes, layout: Layout, state: UserState, tiles: Sequence[int], parts: Iterable[bytes]) -> bytes:
    body = b"".join(parts)
    header = HEADER.pack(
        magic, HEADER.size + len(body), layout.fingerprint, state.newest_us, state.watermark_us, state.log_position,
        state.quota_block, state.quota_count, len(tiles), len(state.seen), tiles[0] if tiles else 0,
    )  # fmt: skip
    return header + body


def _pack(form: str, numbers: Sequence[int]) -> bytes:
    return Struct(f"<{form}").pack(*numbers)


def _width(numbers: Iterable[int]) -> int:
    held = list(numbers)
    low, high = min(held), max(held)
    return next(width for width in _INTS if -(1 << 8 * width - 1) <= low and high < 1 << 8 * width - 1)


def _ints(numbers: Sequence[int]) -> bytes:
    width = _width(numbers)
    return bytes([width]) + _pack(f"{len(numbers)}{_INTS[width]}", numbers)


def _column(column: dict[int, int], tiles: Sequence[int]) -> bytes:
    if not column:
        return b"\0"
    numbers = [column[tile] for tile in tiles if tile in column]
    width = _width(numbers)
    packed = _pack(f"{len(numbers)}{_INTS[width]}", numbers)
    if len(numbers) == len(tiles):
        return bytes([width | DENSE]) + packed
    bits = sum(1 << i for i, tile in enumerate(tiles) if tile in column)
    return bytes([width]) + bits.to_bytes((len(tiles) + 7) // 8, "little") + packed


def _id_set(last: dict[int, int], place: dict[int, int]) -> bytes:
    if not last:
        return _pack("I", [0])
    ordered = sorted((place[tile], id_) for id_, tile in last.items())
    per_tile = [0] * len(place)
    for i, _ in ordered:
        per_tile[i] += 1
    return _pack("I", [len(ordered)]) + _ints(per_tile) + _pack(f"{len(ordered)}I", [id_ for _, id_ in ordered])


def _seen(state: UserState) -> bytes:
    if not state.seen:
        return b""
    ordered = sorted(state.seen.items())
    ages = [state.watermark_us - time for _, (time, _) in ordered]
    offsets = [offset for _, (_, offset) in ordered]
    return _pack(f"{len(ordered)}Q", [id_ for id_, _ in ordered]) + _ints(ages) + _ints(offsets)
