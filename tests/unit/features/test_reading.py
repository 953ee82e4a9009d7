"""Readers: several tables, row views, layouts older than the definitions, by both implementations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from event_factories import NOON_US, every_function, make_event, plan_of
from kernels import layout_of, reader_of, row_of

from strata.features.builder import count, days, hours, last, mean, recency, total
from strata.features.facts import encode_row
from strata.features.plan import compile_view
from strata.features.reader import NO_TIME, compile_reader
from strata.features.spec import view_spec

pytestmark = pytest.mark.usefixtures("implementation")
HOUR_US = 3_600_000_000
DAILY = plan_of(
    count("n_30d", window=days(30)), total("v_30d", of="value", window=days(30)), hop_s=86_400, name="daily"
)
HOURLY = plan_of(count("n_2h", window=hours(2)), mean("v_2h", of="value", window=hours(2)), hop_s=3_600, name="hourly")
RECENT = plan_of(
    recency("age_2h", window=hours(2)), last("v_2h", of="value", window=hours(2)), hop_s=3_600, name="recent"
)
FACTS = compile_view(view_spec("facts", "row", [("kids", "int64", {}), ("ratio", "float64", {})]), ttl_us=100)
TABLES = {
    "events@86400": layout_of(DAILY, table="events@86400"),
    "events@3600": layout_of(HOURLY, RECENT, table="events@3600"),
}
TABLE_OF = {"daily": "events@86400", "hourly": "events@3600", "recent": "events@3600"}
COLUMNS = [
    ("recent", "age_2h"), ("facts", "ratio"), ("daily", "v_30d"), ("hourly", "n_2h"), ("facts", "kids"),
    ("recent", "v_2h"), ("daily", "n_30d"),
]  # fmt: skip


def test_one_reader_reads_several_tables_and_facts_in_the_order_asked_for() -> None:
    """Two views of one table share a row; each value goes to its own column, and each table has its own times."""
    plans = [DAILY, HOURLY, RECENT, FACTS]
    reader = compile_reader(plans, TABLES, TABLE_OF, COLUMNS)
    assert reader.tables == ("events@3600", "facts", "events@86400")
    assert reader.columns == tuple(COLUMNS)
    events = [make_event(event_time_us=NOON_US - 12 * HOUR_US, value=300), make_event(recorded_us=NOON_US + 5)]
    rows = {table: row_of(layout, events) for table, layout in TABLES.items()}
    rows["facts"] = encode_row(FACTS, (2, 0.5), NOON_US, NOON_US)
    asked = [rows[table] for table in reader.tables]
    wanted = [0.0, 0.5, 4.0, 1.0, 2.0, 1.0, 2.0]
    found = reader.one(asked, NOON_US)
    assert found.values.tolist() == wanted
    assert found.times == [(NOON_US + 5, NOON_US), (NOON_US, NOON_US), (NOON_US + 5, NOON_US)]
    many = reader.many([[row, None] for row in asked], NOON_US)
    np.testing.assert_array_equal(many.values, [wanted, [math.nan] * 7])
    assert many.newest_us.tolist() == [[NOON_US, NO_TIME]] * 3
    assert many.watermark_us.tolist() == [[NOON_US + 5, NO_TIME], [NOON_US, NO_TIME], [NOON_US + 5, NO_TIME]]


@pytest.mark.parametrize("absent", [0, 1, 2])
def test_a_table_without_a_row_leaves_its_own_columns_missing(absent: int) -> None:
    """And the others as they are; an expired fact is missing too."""
    reader = compile_reader([DAILY, HOURLY, RECENT, FACTS], TABLES, TABLE_OF, COLUMNS)
    rows = [row_of(TABLES["events@3600"], [make_event()]), encode_row(FACTS, (2, None), NOON_US, NOON_US)]
    rows.append(row_of(TABLES["events@86400"], [make_event()]))
    whole = reader.one(rows, NOON_US)
    part = reader.one([None if i == absent else row for i, row in enumerate(rows)], NOON_US)
    for (view, _), wanted, found in zip(COLUMNS, whole.values, part.values, strict=True):
        gone = TABLE_OF.get(view, "facts") == reader.tables[absent]
        np.testing.assert_array_equal(found, math.nan if gone else wanted)
    assert part.times[absent] is None
    assert np.isnan(reader.one(rows, NOON_US + 101).values[4])


def test_every_feature_of_the_views_is_read_when_no_columns_are_named() -> None:
    """View by view, in the order of their fields; a column no view has is refused."""
    reader = compile_reader([HOURLY, RECENT], TABLES, TABLE_OF)
    assert [name for _, name in reader.columns] == ["n_2h", "v_2h", "age_2h", "v_2h"]
    with pytest.raises((KeyError, ValueError)):
        compile_reader([HOURLY], TABLES, TABLE_OF, [("hourly", "n_3h")])


def test_what_the_stored_layout_does_not_keep_is_missing_until_the_rebuild() -> None:
    """New partials, and windows over its horizon; what it keeps is served, by whatever name."""
    stored = layout_of(HOURLY, table="events@3600")
    newer = plan_of(
        count("n_2h", window=hours(2)),
        count("renamed_1h", window=hours(1)),
        count("n_3h", window=hours(3)),
        total("spent_2h", of="value", window=hours(2)),
        total("units_2h", of="quantity", window=hours(2)),
        mean("units_per_event_2h", of="quantity", window=hours(2)),
        recency("age_2h", window=hours(2)),
        hop_s=3_600,
        name="hourly",
    )
    reader = compile_reader([newer], {"events@3600": stored}, TABLE_OF)
    row = row_of(stored, [make_event(), make_event(event_time_us=NOON_US - 2 * HOUR_US)])
    wanted = [2.0, 1.0, math.nan, 2.0, math.nan, math.nan, math.nan]
    found = reader.one([row], NOON_US)
    np.testing.assert_array_equal(found.values, wanted)
    assert found.times == [(NOON_US, NOON_US)]
    np.testing.assert_array_equal(reader.many([[row, row]], NOON_US).values, [wanted, wanted])


def test_a_table_of_which_the_stored_layout_has_nothing_or_there_is_none_is_missing() -> None:
    """A generation that was never built, and one whose features are all newer."""
    row = row_of(TABLES["events@3600"], [make_event()])
    units = plan_of(total("units_2h", of="quantity", window=hours(2)), hop_s=3_600, name="hourly")
    for views, stored in (([HOURLY], {}), ([units], {"events@3600": layout_of(HOURLY, table="events@3600")})):
        reader = compile_reader(views, stored, TABLE_OF)
        assert reader.tables == ("events@3600",)
        for found in (reader.one([row], NOON_US), reader.one([None], NOON_US)):
            assert np.isnan(found.values).all()
            assert found.times == [None]
        assert np.isnan(reader.many([[row, None]], NOON_US).values).all()


def test_rows_of_another_layout_are_missing() -> None:
    """A row that no rebuild reached yet says nothing, in either way of reading."""
    plan = plan_of(*every_function())
    reader = reader_of(layout_of(plan), plan)
    row, foreign = row_of(layout_of(plan), [make_event()]), row_of(TABLES["events@3600"], [make_event()])
    assert reader.one([foreign], NOON_US).times == [None]
    many = reader.many([[foreign, row, foreign]], NOON_US)
    assert many.newest_us.tolist() == [[NO_TIME, NOON_US, NO_TIME]]
    assert np.isnan(many.values[[0, 2]]).all()
    assert many.values[1].tobytes() == reader.one([row], NOON_US).values.tobytes()


def test_no_users_make_an_empty_answer() -> None:
    """An empty batch is an empty matrix."""
    many = reader_of(TABLES["events@3600"], HOURLY, RECENT).many([[]], NOON_US)
    assert (many.values.shape, many.newest_us.shape) == ((0, 4), (1, 0))


def test_a_user_whose_events_match_nothing_is_known_and_empty() -> None:
    """Seen is not missing: counts and sums are 0, means and ages missing."""
    reader = reader_of(TABLES["events@3600"], HOURLY, RECENT)
    row = row_of(TABLES["events@3600"], [make_event()])
    values = reader.one([row], NOON_US + 10**12).values
    np.testing.assert_array_equal(values, [0.0, math.nan, math.nan, math.nan])
