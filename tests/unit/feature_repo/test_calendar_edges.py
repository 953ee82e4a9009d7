"""Leap days, hours that daylight saving skips and repeats, weeks over a new year: history, kernel and oracle agree."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import oracle
import pytest
from event_factories import batch_of, make_event
from history_files import write_events

from feature_repo.offline.frame import Asked
from feature_repo.offline.history import ParquetSource
from feature_repo.offline.windowed import windowed_at
from strata.features.build import build_rows
from strata.features.builder import count, days, distinct, fields, hour, hours, weekday
from strata.features.definition import definition_of
from strata.features.layout import compile_layout
from strata.features.plan import compile_view
from strata.features.reader import compile_reader
from strata.features.spec import view_spec

HOUR_US = 3_600_000_000
MADE = [
    *(distinct(f"{of}s", of=of, window=days(3)) for of in ("hour", "day", "week", "weekday")),
    *(count(f"hour_{at}", window=days(2), where=hour.eq(at)) for at in (0, 1, 2, 3, 23)),
    count("sundays", window=days(3), where=weekday.eq(6)),
]
SPEC = view_spec("calendar", "windowed", fields(MADE, hop=hours(1)))
EDGES = {
    "leap day": (datetime(2016, 2, 29, tzinfo=UTC), (0, -18_000)),
    "spring forward": (datetime(2017, 3, 12, 7, tzinfo=UTC), (-18_000, -14_400)),
    "fall back": (datetime(2017, 11, 5, 6, tzinfo=UTC), (-14_400, -18_000)),
    "new year": (datetime(2018, 1, 1, tzinfo=UTC), (0, 34_200, 50_400)),
    "before 1970": (datetime(1969, 12, 31, tzinfo=UTC), (-43_200, 0)),
}


@pytest.mark.parametrize("edge", EDGES)
def test_local_time_is_the_events_own(tmp_path: Path, edge: str) -> None:
    """Each derived number follows the event's offset; equal instants with other offsets stay apart."""
    moment, offsets = EDGES[edge]
    centre_us, chance = int(moment.timestamp()) * 1_000_000, random.Random(edge)
    events = [
        make_event(
            event_time_us=centre_us + chance.randrange(-30, 30) * HOUR_US + chance.choice((-1, 0, 1)),
            utc_offset_s=chance.choice(offsets),
        )
        for _ in range(80)
    ]
    write_events(tmp_path, events)
    t_us = centre_us + 31 * HOUR_US
    tags = [field.tags for field in SPEC.fields]
    wanted = np.array([oracle.feature(one, events, t_us) for one in tags], dtype=float)
    pattern = str(tmp_path / "history/events/*/*.parquet")
    asked = Asked(np.array(["u"], dtype=object), np.array([t_us], dtype=np.int64))
    source = ParquetSource("events", pattern, "event_time", "recorded_at")
    offline = windowed_at(source, [definition_of(one) for one in tags], asked, as_known=True).values[0]
    layout = compile_layout("events@3600", [SPEC])
    row = dict(build_rows(layout, batch_of(events)))["u"]
    reader = compile_reader([compile_view(SPEC)], {layout.table: layout}, {SPEC.name: layout.table})
    np.testing.assert_array_equal(offline, wanted)
    np.testing.assert_array_equal(reader.one([row], t_us).values, wanted)
