"""A history whose events of one type count from the beginning of their local day."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from strata.errors import InputInvalid
from strata.events import DAY_US


def write_midnights(history: Path, to: Path, event_type: str) -> None:
    """Copy events of that type into one file below `to`, moved back. Raises InputInvalid where there are none."""
    files = sorted((history / "events").glob("month=*/*.parquet"))
    wanted = pc.field("event_type") == event_type
    tables = [pq.read_table(path, filters=wanted, partitioning=None) for path in files]
    table = pa.concat_tables(tables) if tables else pa.table({})
    if not len(table):
        raise InputInvalid(f"there are no events of type {event_type} in {history}")
    shift = table["utc_offset_s"].to_numpy().astype(np.int64) * 1_000_000
    local = table["event_time"].cast(pa.int64()).to_numpy() + shift
    times = pa.array(local // DAY_US * DAY_US - shift, pa.int64()).cast(table.schema.field("event_time").type)
    for name in ("event_time", "recorded_at"):
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), times)
    folder = to / "events" / "month=planted"
    folder.mkdir(parents=True)
    pq.write_table(table, folder / "planted.parquet")
