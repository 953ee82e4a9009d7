"""One user's tiles in memory: mergeable, independent of the order of events, trimmed to what windows can reach."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from strata.errors import InputInvalid
from strata.features.plan import Plan
from strata.features.row import NEVER

IntArray = npt.NDArray[np.int64]
HashArray = npt.NDArray[np.uint64]
TOTAL_LIMIT: Final = 2.0**62
"""Totals are kept below this, so that no sum of them can leave int64."""


class TotalTooLarge(InputInvalid, ValueError):
    """A sum would leave 64 bits."""

    def __init__(self, view: str) -> None:
        super().__init__(f"a total of view {view} would leave 64 bits; check the scale the values were read with")


@dataclass(frozen=True, eq=False)
class IdSet:
    """Which ids each tile holds: (tile, hash) pairs, ascending, none twice."""

    tile: IntArray
    hash: HashArray


@dataclass(frozen=True, eq=False)
class Tiles:
    """The state of one (view, user): row i of a matrix is of tile number `tile[i]`; columns as in `Partials`."""

    tile: IntArray
    counts: IntArray
    totals: IntArray
    leasts: IntArray
    greatests: IntArray
    latest_us: IntArray
    latest_value: IntArray
    ids: tuple[IdSet, ...]
    seen_hash: HashArray
    seen_us: IntArray
    newest_us: int
    watermark_us: int
    log_position: int


def merge(plan: Plan, left: Tiles, right: Tiles) -> Tiles:
    """Both states as one. Raises TotalTooLarge."""
    check_totals(plan, left.totals, right.totals)
    tile = np.concatenate([left.tile, right.tile])
    order = np.argsort(tile, kind="stable")
    tile = tile[order]
    starts = run_starts(tile)

    def joined(name: str) -> IntArray:
        matrix: IntArray = np.concatenate([getattr(left, name), getattr(right, name)])[order]
        return matrix

    latest_us, latest_value = reduce_latest(joined("latest_us"), joined("latest_value"), starts)
    seen_hash, first = np.unique(np.concatenate([left.seen_hash, right.seen_hash]), return_index=True)
    return Tiles(
        tile=tile[starts],
        counts=reduce_rows(np.add, joined("counts"), starts),
        totals=reduce_rows(np.add, joined("totals"), starts),
        leasts=reduce_rows(np.minimum, joined("leasts"), starts),
        greatests=reduce_rows(np.maximum, joined("greatests"), starts),
        latest_us=latest_us,
        latest_value=latest_value,
        ids=tuple(_merge_ids(a, b) for a, b in zip(left.ids, right.ids, strict=True)),
        seen_hash=seen_hash,
        seen_us=np.concatenate([left.seen_us, right.seen_us])[first],
        newest_us=max(left.newest_us, right.newest_us),
        watermark_us=max(left.watermark_us, right.watermark_us),
        log_position=max(left.log_position, right.log_position),
    )


def trim(plan: Plan, state: Tiles) -> Tiles:
    """Without the tiles no window can reach again, and the ids no repeat can have."""
    oldest = (state.newest_us - plan.longest_us - plan.hop_us - plan.lateness_us) // plan.hop_us
    keep = state.seen_us >= state.watermark_us - plan.lateness_us
    if not keep.all():
        state = replace(state, seen_hash=state.seen_hash[keep], seen_us=state.seen_us[keep])
    if not len(state.tile) or state.tile[0] >= oldest:
        return state
    return between(state, int(oldest), None)


def between(state: Tiles, first: int | None, last: int | None) -> Tiles:
    """Only the tiles numbered `first` to `last`, both included."""
    start = 0 if first is None else int(np.searchsorted(state.tile, first, "left"))
    end = len(state.tile) if last is None else int(np.searchsorted(state.tile, last, "right"))
    rows = slice(start, end)
    low, high = NEVER if first is None else first, -NEVER - 1 if last is None else last
    ids = []
    for held in state.ids:
        inside = (held.tile >= low) & (held.tile <= high)
        ids.append(IdSet(held.tile[inside], held.hash[inside]))
    return replace(
        state,
        tile=state.tile[rows],
        counts=state.counts[rows],
        totals=state.totals[rows],
        leasts=state.leasts[rows],
        greatests=state.greatests[rows],
        latest_us=state.latest_us[rows],
        latest_value=state.latest_value[rows],
        ids=tuple(ids),
    )


def run_starts(values: npt.NDArray[np.generic]) -> npt.NDArray[np.intp]:
    """Where each run of equal values begins."""
    if not len(values):
        return np.zeros(0, dtype=np.intp)
    return np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))


def reduce_rows(ufunc: np.ufunc, matrix: IntArray, starts: npt.NDArray[np.intp]) -> IntArray:
    """`ufunc` over the rows of each run."""
    if not len(starts) or not matrix.shape[1]:
        return matrix[: len(starts)]
    reduced: IntArray = ufunc.reduceat(matrix, starts, axis=0)
    return reduced


def reduce_latest(us: IntArray, value: IntArray, starts: npt.NDArray[np.intp]) -> tuple[IntArray, IntArray]:
    """The greatest (time, value) of each run, column by column; `value` has the first columns of `us`."""
    newest = reduce_rows(np.maximum, us, starts)
    if not len(starts) or not value.shape[1]:
        return newest, value[: len(starts)]
    columns = value.shape[1]
    lengths = np.diff(np.append(starts, len(us)))
    held = np.where(us[:, :columns] == np.repeat(newest[:, :columns], lengths, axis=0), value, NEVER)
    return newest, reduce_rows(np.maximum, held, starts)


def check_totals(plan: Plan, *parts: IntArray) -> None:
    """Refuse totals whose sum could leave int64. Raises TotalTooLarge."""
    if sum(float(np.abs(part.astype(np.float64)).sum(axis=0).max(initial=0.0)) for part in parts) >= TOTAL_LIMIT:
        raise TotalTooLarge(plan.spec.name)


def _merge_ids(left: IdSet, right: IdSet) -> IdSet:
    tile, hashed = np.concatenate([left.tile, right.tile]), np.concatenate([left.hash, right.hash])
    order = np.lexsort((hashed, tile))
    tile, hashed = tile[order], hashed[order]
    keep = np.ones(len(tile), dtype=np.bool_)
    keep[1:] = (tile[1:] != tile[:-1]) | (hashed[1:] != hashed[:-1])
    return IdSet(tile[keep], hashed[keep])
