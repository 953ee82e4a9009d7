"""A state as the bytes of its row (`user_row` says where everything is)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from struct import Struct

from strata.features.definition import EVENT
from strata.features.functions.partials import PartialKind
from strata.features.layout import Layout
from strata.features.recent import NULL, RecentEvent
from strata.features.sessions import Sessions
from strata.features.user_row import DENSE, HEADER, MAGIC, MOVED, WIDTHS, RowDamaged
from strata.features.user_state import UserState


def encode(layout: Layout, state: UserState) -> bytes:
    """The row of a trimmed state. Raises RowDamaged for sums no events can have, as only damage makes them."""
    if any(abs(number) >= 1 << 63 for column in state.sums.values() for number in column.values()):
        raise RowDamaged(layout.table, "a sum left 64 bits")
    tiles = state.tiles()
    place = {tile: i for i, tile in enumerate(tiles)}
    parts = [_ints([b - a for a, b in pairwise(tiles)])] if len(tiles) > 1 else []
    for columns in (state.sums, state.extremes):
        parts += [_column(column, tiles) for _, column in sorted(columns.items())]
    for i, (time, value) in sorted(state.newest.items()):
        wide = layout.partials[i].kind is PartialKind.LATEST
        parts.append(_pack("qq", [time, value]) if wide else _pack("q", [time]))
    parts += [_id_set(last, place) for _, last in sorted(state.ids.items())]
    for i, sessions in sorted(state.sessions.items()):
        parts += _sessions(sessions, layout.partials[i].of != EVENT, state.newest_us)
    for _, held in sorted(state.recent.items()):
        parts += _recent(held, state.newest_us)
    parts.append(_seen(state))
    return _row(MAGIC, layout, state, tiles, parts)


def encode_moved(layout: Layout, state: UserState, target: str) -> bytes:
    """The tombstone of a state: who the user is now, and what judging later events needs."""
    return _row(MOVED, layout, state, [], [_seen(state), target.encode()])


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
    return next(width for width in WIDTHS if -(1 << 8 * width - 1) <= low and high < 1 << 8 * width - 1)


def _ints(numbers: Sequence[int]) -> bytes:
    width = _width(numbers)
    return bytes([width]) + _pack(f"{len(numbers)}{WIDTHS[width]}", numbers)


def _column(column: dict[int, int], tiles: Sequence[int]) -> bytes:
    if not column:
        return b"\0"
    numbers = [column[tile] for tile in tiles if tile in column]
    width = _width(numbers)
    packed = _pack(f"{len(numbers)}{WIDTHS[width]}", numbers)
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


def _sessions(sessions: Sessions, by_id: bool, newest_us: int) -> list[bytes]:
    ordered = sorted((end, key, end - start, events) for key, held in sessions.items() for start, end, events in held)
    parts = [_pack("I", [len(ordered)])]
    if ordered:
        if by_id:
            parts.append(_pack(f"{len(ordered)}I", [key for _, key, _, _ in ordered]))
        parts += [_ints([newest_us - end for end, *_ in ordered])]
        parts += [_ints([column[n] for column in ordered]) for n in (2, 3)]
    return parts


def _recent(held: list[RecentEvent], newest_us: int) -> list[bytes]:
    if not held:
        return [b"\0"]
    times, types, items, categories = zip(*held, strict=True)
    gaps = [newer - time for newer, time in zip((newest_us, *times), times, strict=False)]
    flags = bytes((item != NULL) | (category != NULL) << 1 for _, _, item, category in held)
    known = [*types, *(item for item in items if item != NULL), *(c for c in categories if c != NULL)]
    return [bytes([len(held)]), _ints(gaps), flags, _pack(f"{len(known)}I", known)]


def _seen(state: UserState) -> bytes:
    if not state.seen:
        return b""
    ordered = sorted(state.seen.items())
    ages = [state.watermark_us - time for _, (time, _) in ordered]
    offsets = [offset for _, (_, offset) in ordered]
    return _pack(f"{len(ordered)}Q", [id_ for id_, _ in ordered]) + _ints(ages) + _ints(offsets)
