"""The bytes of a row as a state (`user_row` says where everything is). What is not as it should be is RowDamaged."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from struct import Struct, error

from strata.features.definition import EVENT
from strata.features.functions.partials import PartialKind
from strata.features.layout import Layout
from strata.features.recent import NULL, RecentEvent
from strata.features.sessions import Sessions, pause_of
from strata.features.user_row import (
    DENSE,
    HEADER,
    MAGIC,
    MAX_TILES,
    MOVED,
    TIME_LIMIT,
    WIDTHS,
    Header,
    RowDamaged,
    header_of,
)
from strata.features.user_state import NEVER, UserState


def decode(layout: Layout, row: bytes) -> UserState | None:
    """The state of a row or tombstone; None for a row of another layout. Raises RowDamaged."""
    header = header_of(row, layout.table)
    if header.fingerprint != layout.fingerprint:
        return None
    _check_times(layout.table, header.newest_us, header.watermark_us)
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
        _check_times(layout.table, pair[0])
        state.newest[i] = (pair[0], pair[1] if wide else NEVER)
    for i in sorted(state.ids):
        state.ids[i] = reader.id_set(tiles)
    for i in sorted(state.sessions):
        state.sessions[i] = reader.sessions(header, layout.partials[i].of)
    for i in sorted(state.recent):
        state.recent[i] = reader.recent(header, int(layout.partials[i].of))


def _check_times(table: str, *times: int) -> None:
    if not all(time == NEVER or -TIME_LIMIT <= time <= TIME_LIMIT for time in times):
        raise RowDamaged(table, "a time is thousands of years away")


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
        if width not in WIDTHS:
            raise self._damaged(f"a width is {width}")
        return self.pack(WIDTHS[width], count)

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
        if not -TIME_LIMIT <= tiles[0] <= tiles[-1] <= TIME_LIMIT:
            raise self._damaged("a time is thousands of years away")
        return tiles

    def column(self, tiles: Sequence[int]) -> dict[int, int]:
        """Tile to number."""
        code = self.pack("B", 1)[0]
        if code == 0:
            return {}
        width = code & ~DENSE
        if width not in WIDTHS:
            raise self._damaged(f"a width is {width}")
        if not code & DENSE:
            bits = int.from_bytes(bytes(self.pack("B", (len(tiles) + 7) // 8)), "little")
            if bits >> len(tiles):
                raise self._damaged("a column has a tile too many")
            tiles = [tile for i, tile in enumerate(tiles) if bits >> i & 1]
        return dict(zip(tiles, self.pack(WIDTHS[width], len(tiles)), strict=True))

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

    def sessions(self, header: Header, of: str) -> Sessions:
        """Sessions of events or of ids."""
        count, found = self.pack("I", 1)[0], Sessions()
        if not count:
            return found
        by_id = self.pack("I", count) if of != EVENT else None
        ages, times, events = self.ints(count), self.ints(count), self.ints(count)
        keys = by_id or [0] * count  # not before the row is seen to be long enough: a damaged count is up to 2**32
        if header.newest_us == NEVER or min(*ages, *times) < 0 or min(events) < 1:
            raise self._damaged("a session cannot be")
        _check_times(self._table, header.newest_us - max(ages) - max(times))
        for key, age, time, number in zip(keys, ages, times, events, strict=True):
            end, held = header.newest_us - age, found.setdefault(key, [])
            if held and end - time <= held[-1][1] + pause_of(of):
                raise self._damaged("its sessions are not apart")
            held.append((end - time, end, number))
        return found

    def recent(self, header: Header, keep: int) -> list[RecentEvent]:
        """The newest events."""
        count = self.pack("B", 1)[0]
        if not count:
            return []
        gaps, flags = self.ints(count), self.pack("B", count)
        if count > keep or max(flags) > 3 or header.newest_us == NEVER:
            raise self._damaged("its newest events cannot be")
        types = self.pack("I", count)
        items = iter(self.pack("I", sum(flag & 1 for flag in flags)))
        categories = iter(self.pack("I", sum(flag >> 1 for flag in flags)))
        times = [header.newest_us - back for back in accumulate(gaps)]
        _check_times(self._table, *times)
        held = [
            (time, type_, next(items) if flag & 1 else NULL, next(categories) if flag & 2 else NULL)
            for time, type_, flag in zip(times, types, flags, strict=True)
        ]
        if held != sorted(held, reverse=True) or gaps[0] < 0:
            raise self._damaged("its newest events are not in order")
        return held

    def seen(self, header: Header) -> dict[int, tuple[int, int]]:
        """Hash to (event time, offset)."""
        if not header.seen:
            return {}
        hashes = self.pack("Q", header.seen)
        ages, offsets = self.ints(header.seen), self.ints(header.seen)
        if header.watermark_us == NEVER or any(a >= b for a, b in pairwise(hashes)):
            raise self._damaged("its seen ids are not ascending, or of no time")
        times = [header.watermark_us - age for age in ages]
        _check_times(self._table, *ages, *times)
        return dict(zip(hashes, zip(times, offsets, strict=True), strict=True))

    def _damaged(self, reason: str) -> RowDamaged:
        return RowDamaged(self._table, reason)
