"""The cells of many rows at once: rows are joined into one buffer, and each section is read by index arithmetic."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from strata.features.plan import Plan
from strata.features.row import HEADER, INT_DTYPES, Headers, sections

IntArray = npt.NDArray[np.int64]
_DTYPES: Final = tuple(np.dtype(name) for name in INT_DTYPES)


def gather_many(plan: Plan, rows: list[bytes], headers: Headers, t_us: int) -> IntArray:
    """Cells [n, cells] of sound rows that hold no tile after t's."""
    joined = _Joined(plan, rows, headers)
    gather = plan.gather
    index = joined.first_tiles(t_us // plan.hop_us)[:, gather.window] * gather.stride + gather.column
    cells = np.empty((len(rows), gather.cells), dtype=np.int64)
    cells[:, 0] = 1
    low, middle, high = gather.narrow_end, gather.wide_end, gather.extremes_end
    if low:
        cells[:, 1 : low + 1] = joined.take(joined.narrow_at, joined.narrow_width, index[:, :low])
    if middle > low:
        cells[:, low + 1 : middle + 1] = joined.take(joined.wide_at, joined.wide_width, index[:, low:middle])
    if high > middle:
        cells[:, middle + 1 : high + 1] = joined.take_int64(joined.extremes_at, index[:, middle:high])
    if gather.cells > high + 1:
        cells[:, high + 1 :] = joined.take_int64(joined.latest_at, gather.latest[np.newaxis])
        ages = cells[:, gather.age_from :]
        np.subtract(t_us, ages, out=ages)
    return cells


class _Joined:
    """Rows end to end, and where in that buffer each one's sections begin (bytes)."""

    def __init__(self, plan: Plan, rows: list[bytes], headers: Headers) -> None:
        self._plan = plan
        self._buffer = b"".join(rows)
        starts = np.cumsum(headers.size) - headers.size
        at = sections(plan, headers.widths, headers.tiles)
        widths = headers.widths
        self.tiles = headers.tiles
        self._tile_width, self.narrow_width, self.wide_width = widths & 3, widths >> 2 & 3, widths >> 4 & 3
        self._tiles_at = starts + HEADER.size
        self.narrow_at, self.wide_at = starts + at.narrow, starts + at.wide
        self.extremes_at, self.latest_at = starts + at.extremes, starts + at.latest

    def first_tiles(self, head: int) -> IntArray:
        """[n, windows]: the first tile inside each window, as a position in the row's tiles."""
        ends = np.cumsum(self.tiles)
        starts = ends - self.tiles
        tiles = self._tile_numbers(starts)
        before = np.zeros(len(tiles) + 1, dtype=np.int64)
        first = np.empty((len(ends), len(self._plan.spans)), dtype=np.int64)
        for window, edge in enumerate(self._plan.edges(head)[1]):
            np.cumsum(tiles < edge, out=before[1:])
            first[:, window] = before[ends] - before[starts]
        return first

    def _tile_numbers(self, starts: IntArray) -> npt.NDArray[np.int32] | IntArray:
        total = int(self.tiles.sum())
        if not total:
            return np.zeros(0, dtype=np.int64)
        if (self._tile_width == 2).all():
            index = np.repeat((self._tiles_at >> 2) - starts, self.tiles) + np.arange(total)
            narrow: npt.NDArray[np.int32] = np.frombuffer(self._buffer, _DTYPES[2])[index]
            return narrow
        within = np.arange(total) - np.repeat(starts, self.tiles)
        tiles = np.empty(total, dtype=np.int64)
        for width in (2, 3):
            rows = np.repeat(self._tile_width == width, self.tiles)
            at = np.repeat(self._tiles_at >> width, self.tiles)[rows] + within[rows]
            tiles[rows] = np.frombuffer(self._buffer, _DTYPES[width])[at]
        return tiles

    def take(self, at: IntArray, width: IntArray, index: IntArray) -> IntArray:
        """Element `index` [n, k] of the table that begins at `at`, whose elements are 2 ** `width` bytes wide."""
        out = np.empty(index.shape, dtype=np.int64)
        for size in np.unique(width):
            rows = np.flatnonzero(width == size)
            table = np.frombuffer(self._buffer, _DTYPES[size], len(self._buffer) >> size)
            out[rows] = table[(at[rows] >> size)[:, np.newaxis] + index[rows]]
        return out

    def take_int64(self, at: IntArray, index: IntArray) -> IntArray:
        """The same for a table of int64."""
        table: IntArray = np.frombuffer(self._buffer, _DTYPES[3])
        taken: IntArray = table[(at >> 3)[:, np.newaxis] + index]
        return taken
