"""The ids a history holds, read from its own files: there is no second index to go stale."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from strata.errors import InputInvalid
from streaming.door.digests import digests
from streaming.door.fact_door import fact_ids
from streaming.history import History
from streaming.store.id_index import IdIndex

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 1 << 18


def known_event_ids(history: History) -> IdIndex:
    """The ids of all events."""
    index = IdIndex()
    for batch in _batches(history.event_files(), ["event_id"]):
        index.add_new(digests(batch.column("event_id")))
    return index


def known_fact_ids(history: History) -> IdIndex:
    """What all facts say."""
    import pyarrow as pa

    index = IdIndex()
    for batch in _batches(history.profile_files(), None):
        index.add_new(digests(fact_ids(pa.Table.from_batches([batch]))))
    return index


def _batches(files: list[Path], columns: list[str] | None) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in files:
        try:
            with pq.ParquetFile(path) as file:
                yield from file.iter_batches(BATCH_ROWS, columns=columns)
        except (pa.ArrowException, OSError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputInvalid(
                f"{path}, a part of the history, cannot be read ({reason}); remove it and import its source again"
            ) from None
