"""One user's rows of several views, evaluated together: what a request for one user reads.

numpy's price for a handful of numbers is the call, not the numbers: some 30 calls a view were half of a request
(2026-11-23). So the cells of all views stand in one vector, and one take and one division make every value of all
of them, in the order they are wanted in. A view without a row leaves its cells 0, its constant too, and a value
whose presence cell is 0 is NaN: absence needs no case of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from struct import Struct
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from strata.features.codec import decode, encode
from strata.features.facts import read_fact
from strata.features.plan import IndexArray, Plan
from strata.features.row import HEADER, INT_DTYPES, Header, layout_of, read_header
from strata.features.tiles import between

Floats = npt.NDArray[np.float64]
_DTYPES: Final = tuple(np.dtype(name) for name in INT_DTYPES)


class UserValues(NamedTuple):
    """One user's values and, per view, times as in Evaluated."""

    values: Floats
    """In the order asked for; a value that is not PRESENT is NaN."""
    times: list[tuple[int, int] | None]
    """(watermark_us, newest_us); None for a view that has no row of this user, or one of another definition."""


@dataclass(frozen=True, eq=False)
class _View:
    """Where a view's part of the shared vectors is: its cells from `cells` on, its windows, its table cells."""

    plan: Plan
    windowed: bool
    cells: int
    windows: slice
    narrow: tuple[slice, slice] | None
    """(cells to fill, their table indexes); None without any. `wide` and `extremes` likewise."""
    wide: tuple[slice, slice] | None
    extremes: tuple[slice, slice] | None
    latest: Struct
    """The latest section, whole."""
    latest_values: tuple[tuple[int, int], ...]
    """(cell, position in the latest section)."""
    latest_ages: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Fused:
    """Several views, read as one. Make it with `fuse`; immutable once made."""

    views: tuple[_View, ...]
    cells: int
    windows: int
    window: IndexArray
    stride: IndexArray
    column: IndexArray
    parts: IndexArray
    """[3, columns]: the cells of numerators, denominators and presences."""
    scale: Floats


class _Opened(NamedTuple):
    """A windowed row ready to be gathered from."""

    view: _View
    row: bytes
    header: Header


def fuse(plans: Sequence[Plan], columns: Sequence[int] | None = None) -> Fused:
    """`columns`: positions in the views' fields laid side by side, in the order wanted; repeats allowed. None: all."""
    windowed = [plan.spec.kind == "windowed" for plan in plans]
    sizes = [p.gather.cells if w else 1 + p.width for p, w in zip(plans, windowed, strict=True)]
    windows = [len(p.spans) if w else 0 for p, w in zip(plans, windowed, strict=True)]
    tabled = [len(p.gather.window) if w else 0 for p, w in zip(plans, windowed, strict=True)]
    starts = [list(accumulate(each, initial=0)) for each in (sizes, windows, tabled)]
    views = tuple(_view(plan, *(start[i] for start in starts)) for i, plan in enumerate(plans))
    gathers = [(p.gather, first) for p, w, first in zip(plans, windowed, starts[1], strict=False) if w]
    none: list[IndexArray] = [np.zeros(0, dtype=np.intp)]
    parts = np.concatenate([_parts(plan) + start for plan, start in zip(plans, starts[0], strict=False)], axis=1)
    scale = np.concatenate([p.gather.scale if w else np.ones(p.width) for p, w in zip(plans, windowed, strict=True)])
    order = slice(None) if columns is None else np.array(columns, dtype=np.intp)
    return Fused(
        views=views,
        cells=starts[0][-1],
        windows=starts[1][-1],
        window=np.concatenate(none + [gather.window + first for gather, first in gathers]),
        stride=np.concatenate(none + [gather.stride for gather, _ in gathers]),
        column=np.concatenate(none + [gather.column for gather, _ in gathers]),
        parts=np.ascontiguousarray(parts[:, order]),
        scale=scale[order],
    )


def evaluate_user(fused: Fused, rows: Sequence[bytes | None], t_us: int) -> UserValues:
    """`evaluate` of one user's row in each view, in the order of the fused plans. Raises RowDamaged."""
    numbers = np.zeros(fused.cells)
    first = np.zeros(fused.windows, dtype=np.intp)
    times: list[tuple[int, int] | None] = []
    opened: list[_Opened] = []
    for view, row in zip(fused.views, rows, strict=True):
        if row is None:
            times.append(None)
        elif view.windowed:
            times.append(_open(view, row, t_us, first, opened))
        else:
            times.append(_put_fact(view, row, t_us, numbers))
    if opened:
        index = first.take(fused.window)
        index *= fused.stride
        index += fused.column
        for each in opened:
            _gather(each, index, t_us, numbers)
    return UserValues(_divide(fused, numbers), times)


def as_of(plan: Plan, row: bytes, head: int) -> bytes:
    """The row as it is without the tiles after `head`."""
    state = decode(plan, row)
    assert state is not None  # its header was read under this plan
    return encode(plan, between(state, None, head))


def _open(view: _View, row: bytes, t_us: int, first: IndexArray, opened: list[_Opened]) -> tuple[int, int] | None:
    """Find the first tile inside each window."""
    plan = view.plan
    header = read_header(plan, row)
    if header is None:
        return None
    times = header.watermark_us, header.newest_us
    head = t_us // plan.hop_us
    if header.newest_us // plan.hop_us > head:
        row = as_of(plan, row, head)
        header = Header._make(HEADER.unpack_from(row))
    width = header.widths & 3
    tiles = np.frombuffer(row, _DTYPES[width], header.tiles, HEADER.size)
    first[view.windows] = tiles.searchsorted(plan.edges(head)[width - 2])
    opened.append(_Opened(view, row, header))
    return times


def _gather(opened: _Opened, index: IndexArray, t_us: int, numbers: Floats) -> None:
    view, row, header = opened
    partials, widths, rows = view.plan.partials, header.widths, header.tiles + 1
    at, _ = layout_of(view.plan, widths, header.tiles)
    numbers[view.cells] = 1.0
    if view.narrow:
        cells, where = view.narrow
        numbers[cells] = np.frombuffer(row, _DTYPES[widths >> 2 & 3], rows * partials.narrow, at.narrow)[index[where]]
    if view.wide:
        cells, where = view.wide
        numbers[cells] = np.frombuffer(row, _DTYPES[widths >> 4 & 3], rows * len(partials.totals), at.wide)[
            index[where]
        ]
    if view.extremes:
        cells, where = view.extremes
        numbers[cells] = np.frombuffer(row, _DTYPES[3], rows * partials.extremes, at.extremes)[index[where]]
    if view.latest.size:
        latest = view.latest.unpack_from(row, at.latest)
        for cell, position in view.latest_values:
            numbers[cell] = latest[position]
        for cell, position in view.latest_ages:
            numbers[cell] = t_us - latest[position]


def _put_fact(view: _View, row: bytes, t_us: int, numbers: Floats) -> tuple[int, int] | None:
    found = read_fact(view.plan, row, t_us)
    if found is None:
        return None
    values, event_us = found
    numbers[view.cells] = 1.0
    numbers[view.cells + 1 : view.cells + 1 + len(values)] = values
    return event_us, event_us


def _divide(fused: Fused, numbers: Floats) -> Floats:
    """numerator / (denominator * scale), NaN where the presence cell is 0."""
    values: Floats
    values, divisor, presence = numbers.take(fused.parts)
    divisor *= fused.scale
    divisor[presence == 0] = np.nan
    values /= divisor
    return values


def _parts(plan: Plan) -> IndexArray:
    """A fact's values are numerators over the view's constant, which is 1 where there is a fact."""
    if plan.spec.kind == "windowed":
        return np.array([plan.gather.numerator, plan.gather.denominator, plan.gather.presence])
    constant = np.zeros(plan.width, dtype=np.intp)
    return np.array([np.arange(1, 1 + plan.width), constant, constant])


def _view(plan: Plan, cells: int, window: int, tabled: int) -> _View:
    if plan.spec.kind != "windowed":
        return _View(plan, False, cells, slice(0), None, None, None, Struct(""), (), ())
    gather, partials = plan.gather, plan.partials

    def part(begin: int, end: int) -> tuple[slice, slice] | None:
        found = slice(cells + 1 + begin, cells + 1 + end), slice(tabled + begin, tabled + end)
        return found if end > begin else None

    begin = 1 + gather.extremes_end
    latest = tuple((cells + begin + i, position) for i, position in enumerate(gather.latest.tolist()))
    valued = gather.age_from - begin
    return _View(
        plan=plan,
        windowed=True,
        cells=cells,
        windows=slice(window, window + len(plan.spans)),
        narrow=part(0, gather.narrow_end),
        wide=part(gather.narrow_end, gather.wide_end),
        extremes=part(gather.wide_end, gather.extremes_end),
        latest=Struct(f"<{len(partials.values) + partials.latest}q"),
        latest_values=latest[:valued],
        latest_ages=latest[valued:],
    )
