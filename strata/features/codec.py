"""Tiles to bytes and back. The same tiles always give the same bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from strata.features.plan import Plan
from strata.features.row import (
    HEADER,
    INT_DTYPES,
    MAGIC,
    NEVER,
    NO_LEAST,
    RowDamaged,
    pack_widths,
    padded,
    read_header,
    row_size,
    sections,
)
from strata.features.tiles import HashArray, IdSet, IntArray, Tiles


def encode(plan: Plan, state: Tiles) -> bytes:
    """The row of a state."""
    tiles = len(state.tile)
    sets = [_pack_ids(state.tile, held) for held in state.ids]
    narrow = _suffix_sums(np.column_stack([state.counts, *(packed.last_here for packed in sets)]))
    wide = _suffix_sums(state.totals)
    widths = pack_widths(3 if _log2_width(state.tile) == 3 else 2, _log2_width(narrow), _log2_width(wide))
    ids = b"".join(packed.data for packed in sets)
    body = b"".join(
        [
            _padded(state.tile.astype(INT_DTYPES[widths & 3])),
            _padded(narrow.astype(INT_DTYPES[widths >> 2 & 3])),
            _padded(wide.astype(INT_DTYPES[widths >> 4 & 3])),
            _suffix_extremes(state).tobytes(),
            *_newest(state),
            np.hstack([state.leasts, state.greatests, state.latest_value, state.latest_us]).tobytes(),
            ids,
            state.seen_hash.tobytes(),
            state.seen_us.tobytes(),
        ]
    )
    header = HEADER.pack(
        MAGIC, widths, 0, plan.fingerprint, tiles, len(state.seen_hash), len(ids), HEADER.size + len(body),
        state.newest_us, state.watermark_us, state.log_position,
    )  # fmt: skip
    return header + body


def decode(plan: Plan, row: bytes) -> Tiles | None:
    """The state of a row; None for a row of another definition of the view. Raises RowDamaged."""
    header = read_header(plan, row)
    if header is None:
        return None
    partials, n = plan.partials, header.tiles
    at = sections(plan, header.widths, n)
    tile = np.frombuffer(row, INT_DTYPES[header.widths & 3], n, HEADER.size).astype(np.int64)
    if (tile[1:] <= tile[:-1]).any():
        raise RowDamaged(plan.spec.name, "its tiles are not ascending")
    narrow = _tile_sums(row, INT_DTYPES[header.widths >> 2 & 3], n, partials.narrow, at.narrow)
    wide = _tile_sums(row, INT_DTYPES[header.widths >> 4 & 3], n, len(partials.totals), at.wide)
    leasts, greatests, values = len(partials.leasts), len(partials.greatests), len(partials.values)
    columns = leasts + greatests + values + partials.latest
    cold = np.frombuffer(row, "<i8", n * columns, at.end).reshape(n, columns)
    ends = np.cumsum([leasts, greatests, values])
    ids_at = at.end + n * columns * 8
    seen_at = row_size(plan, header.widths, n, header.ids_bytes, 0)
    return Tiles(
        tile=tile,
        counts=narrow[:, : len(partials.counts)],
        totals=wide,
        leasts=cold[:, : ends[0]],
        greatests=cold[:, ends[0] : ends[1]],
        latest_value=cold[:, ends[1] : ends[2]],
        latest_us=cold[:, ends[2] :],
        ids=_unpack_sets(plan, tile, row[ids_at:seen_at]),
        seen_hash=np.frombuffer(row, "<u8", header.seen, seen_at),
        seen_us=np.frombuffer(row, "<i8", header.seen, seen_at + 8 * header.seen),
        newest_us=header.newest_us,
        watermark_us=header.watermark_us,
        log_position=header.log_position,
    )


@dataclass(frozen=True)
class _PackedIds:
    data: bytes
    last_here: IntArray
    """Per tile, the ids whose last tile it is: their suffix sum is a window's distinct count."""


def _pack_ids(tiles: IntArray, held: IdSet) -> _PackedIds:
    unique, codes = np.unique(held.hash, return_inverse=True)
    position = np.searchsorted(tiles, held.tile)
    last = np.zeros(len(unique), dtype=np.intp)
    last[codes] = position  # entries ascend by tile, and numpy keeps the last assignment of a repeated index
    per_tile = np.bincount(position, minlength=len(tiles)).astype("<u4")
    head = np.array([len(unique), len(codes)], dtype="<u4").tobytes()
    width = _code_dtype(len(unique))
    data = head + unique.astype("<u8").tobytes() + _padded(per_tile) + _padded(codes.astype(width))
    return _PackedIds(data, np.bincount(last, minlength=len(tiles)).astype(np.int64))


def _unpack_sets(plan: Plan, tile: IntArray, data: bytes) -> tuple[IdSet, ...]:
    held, at = [], 0
    try:
        for _ in plan.partials.ids:
            ids, at = _unpack_ids(tile, data, at)
            held.append(ids)
    except (ValueError, IndexError) as error:
        raise RowDamaged(plan.spec.name, "its id sets do not add up") from error
    if at != len(data):
        raise RowDamaged(plan.spec.name, "its id sets do not add up")
    return tuple(held)


def _unpack_ids(tile: IntArray, data: bytes, at: int) -> tuple[IdSet, int]:
    unique_count, entries = (int(number) for number in np.frombuffer(data, "<u4", 2, at))
    at += 8
    unique: HashArray = np.frombuffer(data, "<u8", unique_count, at)
    at += 8 * unique_count
    per_tile = np.frombuffer(data, "<u4", len(tile), at)
    at += padded(4 * len(tile))
    if int(per_tile.sum(dtype=np.int64)) != entries:
        raise ValueError("entries per tile")
    width = np.dtype(_code_dtype(unique_count))
    codes = np.frombuffer(data, width, entries, at)
    at += padded(width.itemsize * entries)
    return IdSet(np.repeat(tile, per_tile), unique[codes]), at


def _code_dtype(unique: int) -> str:
    return "<u1" if unique <= 0xFF else "<u2" if unique <= 0xFFFF else "<u4"


def _suffix_sums(matrix: IntArray) -> IntArray:
    sums = np.zeros((len(matrix) + 1, matrix.shape[1]), dtype=np.int64)
    np.cumsum(matrix[::-1], axis=0, out=sums[-2::-1])
    return sums


def _tile_sums(row: bytes, dtype: str, tiles: int, columns: int, at: int) -> IntArray:
    sums = np.frombuffer(row, dtype, (tiles + 1) * columns, at).reshape(tiles + 1, columns).astype(np.int64)
    return sums[:-1] - sums[1:]


def _suffix_extremes(state: Tiles) -> IntArray:
    tiles, leasts = state.leasts.shape
    table = np.full((tiles + 1, leasts + state.greatests.shape[1]), NEVER, dtype="<i8")
    table[:, :leasts] = NO_LEAST
    np.minimum.accumulate(state.leasts[::-1], axis=0, out=table[-2::-1, :leasts])
    np.maximum.accumulate(state.greatests[::-1], axis=0, out=table[-2::-1, leasts:])
    return table


def _newest(state: Tiles) -> tuple[bytes, bytes]:
    us = state.latest_us.max(axis=0, initial=NEVER)
    columns = state.latest_value.shape[1]
    held = np.where(state.latest_us[:, :columns] == us[:columns], state.latest_value, NEVER)
    return held.max(axis=0, initial=NEVER).tobytes(), us.tobytes()


def _log2_width(numbers: IntArray) -> int:
    """0 to 3: the smallest of 1, 2, 4, 8 bytes that holds every number."""
    if not numbers.size:
        return 0
    low, high = int(numbers.min()), int(numbers.max())
    return next(i for i, bits in enumerate((7, 15, 31, 63)) if -(1 << bits) <= low and high < 1 << bits)


def _padded(numbers: npt.NDArray[np.generic]) -> bytes:
    data = numbers.tobytes()
    return data + bytes(padded(len(data)) - len(data))
