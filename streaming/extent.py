"""When a history begins."""

from __future__ import annotations

from strata.errors import InputInvalid
from streaming.history import History, scan_batches


def earliest_event_us(history: History) -> int:
    """The earliest event time. Raises InputInvalid when there are no events yet."""
    import pyarrow as pa
    import pyarrow.compute as pc

    earliest: int | None = None
    for batch in scan_batches(history.root, columns=["event_time"]):
        found = pc.min(pc.cast(batch.column("event_time"), pa.int64())).as_py()
        if found is not None and (earliest is None or found < earliest):
            earliest = found
    if earliest is None:
        raise InputInvalid(
            "these facts count from the history's earliest event, and there is none; import events first"
        )
    return earliest
