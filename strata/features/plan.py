"""A compiled view: which partials its rows keep, and which cells of a row make each value.

A *cell* is one (partial, window) number of one user. Cells stand in one vector: the constant 1, then narrow
(counts, distinct ids), wide (totals), extremes, latest values, latest times. Values are made of cells by one
division over the whole batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from struct import Struct
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from strata.features.functions import lower
from strata.features.functions.partials import Formula, Partial, PartialKind
from strata.features.spec import ViewSpec

LATENESS_US: Final = 7 * 86_400_000_000
"""H: events recorded later than this after they happened are refused, and ids are remembered as long."""
CACHE_SIZE: Final = 256
IndexArray = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Partials:
    """The partials a windowed view keeps per tile, grouped as a row stores them."""

    counts: tuple[Partial, ...]
    ids: tuple[Partial, ...]
    totals: tuple[Partial, ...]
    leasts: tuple[Partial, ...]
    greatests: tuple[Partial, ...]
    values: tuple[Partial, ...]
    """Latest values; each also has a time, kept in the first columns of `latest_us`."""
    moments: tuple[Partial, ...]
    """Latest times without a value; the further columns of `latest_us`."""

    @cached_property
    def every(self) -> tuple[Partial, ...]:
        """All of them."""
        return self.counts + self.ids + self.totals + self.leasts + self.greatests + self.values + self.moments

    @cached_property
    def narrow(self) -> int:
        """Columns of small numbers: counts, then per id set the ids whose last tile this is."""
        return len(self.counts) + len(self.ids)

    @cached_property
    def extremes(self) -> int:
        """Columns of extremes: leasts, then greatests."""
        return len(self.leasts) + len(self.greatests)

    @cached_property
    def latest(self) -> int:
        """Columns of latest times."""
        return len(self.values) + len(self.moments)


@dataclass(frozen=True, eq=False)
class Gather:
    """Where in a row each cell is, and which cells make each value.

    The first `narrow + wide + extremes` cells after the constant are at row `lo[window]`, column `column` of a
    table `stride` wide, `lo` being the first tile inside the window. The others are at `latest` of the latest
    section; from `age_from` on they are times.
    """

    window: IndexArray
    stride: IndexArray
    column: IndexArray
    narrow_end: int
    wide_end: int
    extremes_end: int
    latest: IndexArray
    age_from: int
    cells: int
    numerator: IndexArray
    denominator: IndexArray
    presence: IndexArray
    scale: npt.NDArray[np.float64]


class Plan:
    """What the kernel's functions take. Make it with `compile_view`; immutable once made."""

    def __init__(self, spec: ViewSpec, ttl_us: int | None, lateness_us: int) -> None:
        self.spec = spec
        self.ttl_us = ttl_us or None
        self.lateness_us = lateness_us
        self.fingerprint = int(spec.fingerprint, 16)
        self.width = len(spec.fields)
        if spec.kind == "windowed":
            self.hop_us = spec.hop_us
            windows = sorted({field.definition.window_us for field in spec.fields})
            self.longest_us = windows[-1]
            self.window_us = tuple(windows)
            self.spans = np.array([window // self.hop_us for window in windows], dtype=np.int64)
        self.layouts: dict[int, Any] = {}
        """Where sections are, by tiles and widths: worked out once (see `row.layout_of`)."""
        self._edges: tuple[int, npt.NDArray[np.int32], npt.NDArray[np.int64]] | None = None

    def edges(self, head: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """The first tile of each window whose last tile is `head`, as both widths a row may keep tiles in."""
        cached = self._edges
        if cached is None or cached[0] != head:
            wide = head - self.spans
            limits = np.iinfo(np.int32)
            cached = (head, np.clip(wide, limits.min, limits.max).astype(np.int32), wide)
            self._edges = cached
        return cached[1], cached[2]

    @cached_property
    def partials(self) -> Partials:
        """What a row of this view keeps."""
        return _partials([lower(field.definition) for field in self.spec.fields])

    @cached_property
    def gather(self) -> Gather:
        """Where its cells are."""
        windows = [self.window_us.index(field.definition.window_us) for field in self.spec.fields]
        return _gather(self.partials, [lower(field.definition) for field in self.spec.fields], windows)

    @cached_property
    def float_fields(self) -> IndexArray:
        """Row views: the fields whose slot is a float."""
        return np.array([i for i, field in enumerate(self.spec.fields) if field.dtype == "float64"], dtype=np.intp)

    @cached_property
    def slots(self) -> Struct:
        """Row views: a row's slots."""
        return Struct("<" + "".join("d" if field.dtype == "float64" else "q" for field in self.spec.fields))

    @cached_property
    def category_index(self) -> tuple[dict[str, int], ...]:
        """Row views: per field, each declared category's index."""
        return tuple({c: i for i, c in enumerate(field.categories)} for field in self.spec.fields)


_plans: dict[tuple[ViewSpec, str, int | None, int], Plan] = {}


def compile_view(spec: ViewSpec, ttl_us: int | None = None, lateness_us: int = LATENESS_US) -> Plan:
    """Compile a view; the same view gives the same plan. `ttl_us` (None or 0: none) only counts for row views."""
    key = (spec, spec.fingerprint, ttl_us or None, lateness_us)
    plan = _plans.get(key)
    if plan is None:
        if len(_plans) >= CACHE_SIZE:
            _plans.clear()
        plan = _plans[key] = Plan(spec, ttl_us, lateness_us)
    return plan


def _partials(formulas: list[Formula]) -> Partials:
    used = dict.fromkeys(p for f in formulas for p in (f.numerator, f.denominator, f.presence) if p is not None)

    def of(*kinds: PartialKind) -> tuple[Partial, ...]:
        return tuple(partial for partial in used if partial.kind in kinds)

    return Partials(
        counts=of(PartialKind.COUNT),
        ids=of(PartialKind.IDS),
        totals=of(PartialKind.TOTAL),
        leasts=of(PartialKind.LEAST),
        greatests=of(PartialKind.GREATEST),
        values=of(PartialKind.LATEST),
        moments=of(PartialKind.MOMENT),
    )


def _gather(partials: Partials, formulas: list[Formula], windows: list[int]) -> Gather:
    tables = (
        (*partials.counts, *partials.ids),
        partials.totals,
        (*partials.leasts, *partials.greatests),
    )
    wanted = dict.fromkeys(
        (partial, window)
        for formula, window in zip(formulas, windows, strict=True)
        for partial in (formula.numerator, formula.denominator, formula.presence)
        if partial is not None
    )
    tabled = [[cell for cell in wanted if cell[0] in table] for table in tables]
    cells = [cell for group in tabled for cell in group]
    columns = [table.index(cell[0]) for table, group in zip(tables, tabled, strict=True) for cell in group]
    strides = [len(table) for table, group in zip(tables, tabled, strict=True) for _ in group]
    # A latest value or time is the row's newest one; its presence cell says whether the window reaches it.
    values, moments = list(partials.values), list(partials.moments)
    position: dict[tuple[Partial, int | None], int] = {(p, w): i + 1 for i, (p, w) in enumerate(cells)}
    position |= {(partial, None): len(cells) + 1 + i for i, partial in enumerate(values + moments)}

    def cell(partial: Partial | None, window: int) -> int:
        if partial is None:
            return 0
        return position[(partial, None if partial in values or partial in moments else window)]

    def every(parts: Iterable[Partial | None]) -> IndexArray:
        return _index(cell(part, window) for part, window in zip(parts, windows, strict=True))

    ends = np.cumsum([len(group) for group in tabled])
    return Gather(
        window=_index(window for _, window in cells),
        stride=_index(strides),
        column=_index(columns),
        narrow_end=int(ends[0]),
        wide_end=int(ends[1]),
        extremes_end=int(ends[2]),
        # The latest section holds values, then the times of values, then the times of moments.
        latest=_index([*range(len(values)), *range(2 * len(values), 2 * len(values) + len(moments))]),
        age_from=1 + len(cells) + len(values),
        cells=1 + len(cells) + len(values) + len(moments),
        numerator=every(f.numerator for f in formulas),
        denominator=every(f.denominator for f in formulas),
        presence=every(f.presence for f in formulas),
        scale=np.array([float(f.scale) for f in formulas]),
    )


def _index(numbers: Iterable[int]) -> IndexArray:
    return np.array(list(numbers), dtype=np.intp)
