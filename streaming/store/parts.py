"""Accepted rows as parts of the history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from streaming.history import History, month_of

if TYPE_CHECKING:
    import pyarrow as pa


def event_parts(table: pa.Table, history: History) -> Iterator[tuple[Path, pa.Table]]:
    """A batch's events by month folder, each sorted by (user_id, event_time)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    at_us = pc.cast(table.column("event_time"), pa.int64()).to_numpy()
    months = at_us.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    for month in np.unique(months):
        rows = np.flatnonzero(months == month)
        part = table.take(rows)
        part = part.sort_by([("user_id", "ascending"), ("event_time", "ascending")])
        yield history.events / month_of(int(at_us[rows[0]])), part


def fact_parts(table: pa.Table, history: History) -> Iterator[tuple[Path, pa.Table]]:
    """A batch's facts, sorted by user, without the column that only told them apart."""
    from streaming.door.fact_door import FactDoor

    yield history.profile, table.drop_columns([FactDoor.id_column]).sort_by("user_id")
