"""Which tables a request reads, and which of the values read each segmenter takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from strata.features.layout import Layout
from strata.features.plan import compile_view
from strata.features.reader import Reader, compile_reader
from strata.registry.catalog import Catalog


class Slice(NamedTuple):
    """One segmenter's part of a reading."""

    part: slice
    """Its values, among all segmenters' one after the other."""
    tables: tuple[int, ...]
    """Positions of the tables they come from."""


@dataclass(frozen=True, eq=False)
class Reading:
    """Every table some segmenters read, once each."""

    reader: Reader
    slices: tuple[Slice, ...]
    windowed: tuple[bool, ...]
    """Per table, whether its rows aggregate events."""

    @property
    def tables(self) -> tuple[str, ...]:
        """The state's tables to read."""
        return self.reader.tables


def plan_reading(
    catalog: Catalog, layouts: Mapping[str, Layout], features: Sequence[Sequence[tuple[str, str]]]
) -> Reading:
    """The reading for segmenters given by ordered (view, feature) pairs; `layouts` are those of the stored rows."""
    columns = [pair for pairs in features for pair in pairs]
    views = [catalog.views[view] for view in dict.fromkeys(view for view, _ in columns)]
    plans = [compile_view(view.spec, view.ttl_us or None) for view in views]
    table_of = {view.name: catalog.table_of(view.name) for view in views}
    reader = compile_reader(plans, layouts, table_of, columns)
    starts = list(accumulate((len(pairs) for pairs in features), initial=0))
    slices = tuple(
        Slice(
            slice(start, start + len(pairs)),
            tuple(sorted({reader.tables.index(table_of[view]) for view, _ in pairs})),
        )
        for pairs, start in zip(features, starts, strict=False)
    )
    aggregated = {table_of[view.name] for view in views if view.kind == "windowed"}
    return Reading(reader, slices, tuple(table in aggregated for table in reader.tables))
