"""Which views a request reads, and which of their columns each segmenter takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from strata.features.fused import Fused, fuse
from strata.features.plan import Plan, compile_view
from strata.registry.catalog import Catalog


@dataclass(frozen=True)
class Slice:
    """One segmenter's part of a reading."""

    columns: NDArray[np.intp]
    """Positions in the views' columns laid side by side, in the model's order."""
    views: NDArray[np.intp]
    """Positions of the views read."""
    view_list: tuple[int, ...]
    """The same, for one user."""
    part: slice
    """Where its columns are among all segmenters' columns, one after the other."""
    all_views: bool
    """Whether that is all of them."""


@dataclass(frozen=True, eq=False)
class Reading:
    """Every view some segmenters read, once each."""

    views: tuple[str, ...]
    plans: tuple[Plan, ...]
    fused: Fused
    """The same views for one user: its values are the segmenters' columns one after the other."""
    slices: tuple[Slice, ...]
    windowed: tuple[bool, ...]
    """Per view, whether it aggregates events."""
    row_views: NDArray[np.intp]
    """Positions of the views that hold facts as written."""


def plan_reading(catalog: Catalog, features: Sequence[Sequence[tuple[str, str]]]) -> Reading:
    """The reading for segmenters given by their ordered (view, feature) pairs."""
    views = tuple(dict.fromkeys(view for pairs in features for view, _ in pairs))
    plans = tuple(compile_view(catalog.views[view].spec, catalog.views[view].ttl_us or None) for view in views)
    offsets: Mapping[tuple[str, str], int] = {
        pair: position
        for position, pair in enumerate(
            (view, name) for view, plan in zip(views, plans, strict=True) for name in plan.spec.names
        )
    }
    starts = list(accumulate((len(pairs) for pairs in features), initial=0))
    slices = tuple(_slice(views, offsets, pairs, start) for pairs, start in zip(features, starts, strict=False))
    windowed = tuple(plan.spec.kind == "windowed" for plan in plans)
    row_views = [position for position, aggregates in enumerate(windowed) if not aggregates]
    fused = fuse(plans, [offsets[pair] for pairs in features for pair in pairs])
    return Reading(views, plans, fused, slices, windowed, np.array(row_views, dtype=np.intp))


def _slice(
    views: tuple[str, ...], offsets: Mapping[tuple[str, str], int], pairs: Sequence[tuple[str, str]], start: int
) -> Slice:
    read = sorted({views.index(view) for view, _ in pairs})
    columns = np.array([offsets[pair] for pair in pairs], dtype=np.intp)
    part = slice(start, start + len(pairs))
    return Slice(columns, np.array(read, dtype=np.intp), tuple(read), part, len(read) == len(views))
