"""Events moved back to the beginning of their local day, as a careless mapping would have them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from event_factories import make_event
from history_files import write_events

from strata.errors import InputInvalid
from strata.events import DAY_US
from training.lab.midnights import write_midnights


def test_only_that_type_is_moved_to_its_own_midnight(tmp_path: Path) -> None:
    """Five hours west the day begins at five; both times move, everything else stays."""
    day = 17_300 * DAY_US
    noon = make_event(event_id="a", event_type="coupon", event_time_us=day + DAY_US // 2, utc_offset_s=-18_000)
    write_events(tmp_path, [noon, make_event(event_id="b")])
    write_midnights(tmp_path / "history", tmp_path / "planted", "coupon")
    table = pq.read_table(tmp_path / "planted" / "events" / "month=planted" / "planted.parquet", partitioning=None)
    assert table["event_id"].to_pylist() == ["a"]
    assert table["event_time"].cast(pa.int64()).to_pylist() == [day + 5 * 3_600_000_000]
    assert table["recorded_at"] == table["event_time"]


def test_a_type_nobody_has_is_refused(tmp_path: Path) -> None:
    """The sentence names it."""
    write_events(tmp_path, [make_event()])
    with pytest.raises(InputInvalid, match="no events of type coupon in"):
        write_midnights(tmp_path / "history", tmp_path / "planted", "coupon")
