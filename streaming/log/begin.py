"""Where a partition may begin: between its first record and its end."""

from __future__ import annotations

from strata.errors import LogDamaged


def check_begin(partition: int, offset: int, start: int, end: int) -> None:
    """Raise LogDamaged for an offset that the log does not have, or did never give out."""
    if offset < start:
        raise LogDamaged(
            f"partition {partition} of the event log begins at offset {start}: what is wanted from {offset} on is "
            "gone. Raise the log's retention, and build the state again (strata features materialize)"
        )
    if offset > end:
        raise LogDamaged(
            f"partition {partition} of the event log ends at offset {end}, before {offset}, where it is to be read "
            "on: this is not the log that the state and the history were made from, or it has lost its end"
        )
