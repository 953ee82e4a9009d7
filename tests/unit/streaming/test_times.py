"""Instants and local offsets."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.clock import format_instant, parse_instant
from strata.errors import DefinitionInvalid
from streaming.columns.times import TimeReader, constant_instant
from streaming.columns.zones import LocalTime
from streaming.mapping.model import TimeColumn, TimeConstant

ZONES = ["America/New_York", "Europe/London", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"]


def read(written: list[object], **rule: object) -> list[str]:
    """What each stamp is read as."""
    column = pa.array(written)
    times = TimeReader(TimeColumn.model_validate({"column": "at", "zone": "America/New_York", **rule})).read(column)
    states = zip(times.at_us.tolist(), times.missing.tolist(), times.bad.tolist(), strict=True)
    return ["missing" if missing else "bad" if bad else format_instant(at) for at, missing, bad in states]


@given(st.datetimes(datetime(1975, 1, 1), datetime(2037, 1, 1)), st.sampled_from(ZONES))
def test_wall_time_is_what_the_standard_library_says(wall: datetime, zone: str) -> None:
    """Every wall time becomes the instant zoneinfo gives it: the first of two, and past a gap."""
    wall_us = int(np.datetime64(wall, "us").astype(np.int64))
    expected = wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
    assert LocalTime(zone).to_utc(np.array([wall_us]))[0] == parse_instant(expected.isoformat())


@given(st.datetimes(datetime(1975, 1, 1), datetime(2037, 1, 1)), st.sampled_from(ZONES))
def test_offsets_are_what_the_standard_library_says(moment: datetime, zone: str) -> None:
    """The offset at an instant is the zone's, summer time and all."""
    at_us = int(np.datetime64(moment, "us").astype(np.int64))
    offset = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    assert LocalTime(zone).offsets_s(np.array([at_us]))[0] == offset.total_seconds()


def test_iso_stamps() -> None:
    """Stamps with an offset are instants; without one they are wall time; impossible ones are bad."""
    written = [
        "2017-07-01T12:00:00", "2017-01-01 12:00", "2017-07-01T12:00:00.25Z", "2017-07-01T12:00:00+02:00",
        "2017-02-29T00:00:00", "2017-13-01", "2017-01-01T25:00", "tomorrow", "0001-01-01T00:00:00", "", None,
    ]  # fmt: skip
    assert read(written) == [
        "2017-07-01T16:00:00Z", "2017-01-01T17:00:00Z", "2017-07-01T12:00:00.250000Z", "2017-07-01T10:00:00Z",
        "bad", "bad", "bad", "bad", "bad", "missing", "missing",
    ]  # fmt: skip


@pytest.mark.parametrize("written", [["2017-07-01"], [date(2017, 7, 1)]])
def test_dates_count_from_their_end(written: list[object]) -> None:
    """What is known by date only counts from the last microsecond of that local day: before, it would leak."""
    assert read(written) == ["2017-07-02T03:59:59.999999Z"]


def test_declared_day_precision() -> None:
    """A midnight stamp of a source that knows dates only is the end of that day, on days of 23 and 25 hours too."""
    written: list[object] = [datetime(2017, 3, 12), datetime(2017, 11, 5)]
    assert read(written, precision="day") == ["2017-03-13T03:59:59.999999Z", "2017-11-06T04:59:59.999999Z"]


def test_written_in_another_zone() -> None:
    """Stamps written in UTC keep their instant, and the offset is the shop's."""
    times = TimeReader(TimeColumn(column="at", zone="America/New_York", written_in="UTC")).read(
        pa.array([datetime(2017, 7, 1, 3), datetime(2017, 12, 1, 3)])
    )
    assert [format_instant(at) for at in times.at_us.tolist()] == ["2017-07-01T03:00:00Z", "2017-12-01T03:00:00Z"]
    assert times.offset_s.tolist() == [-4 * 3600, -5 * 3600]


def test_own_format() -> None:
    """A declared format is read with its fields in their places."""
    assert read(["31/12/2017 23:59", "2017-12-31"], format="%d/%m/%Y %H:%M") == ["2018-01-01T04:59:00Z", "bad"]


def test_numbers_in_a_unit() -> None:
    """Numbers count from 1970 in the declared unit; absurd ones are bad."""
    assert read([1_500_000_000, 10**18, None], unit="s") == ["2017-07-14T02:40:00Z", "bad", "missing"]
    assert read(["1500000000.5", "nan"], unit="s") == ["2017-07-14T02:40:00.500000Z", "bad"]


def test_constants() -> None:
    """A constant date is the first instant of that local day."""
    assert format_instant(constant_instant(TimeConstant(at="2017-01-01", zone="America/New_York"))) == (
        "2017-01-01T05:00:00Z"
    )
    with pytest.raises(DefinitionInvalid, match="neither 'earliest-event' nor ISO 8601"):
        constant_instant(TimeConstant(at="soon", zone="UTC"))
