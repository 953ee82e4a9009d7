"""Rows that were kept out, with their reason, as they were written in the source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from streaming.columns.text import to_text
from streaming.door.reasons import Reason, Verdict
from streaming.sources.batch import SourceBatch

if TYPE_CHECKING:
    import pyarrow as pa

FIXED = ("source_row", "reason", "detail", "line")


def quarantine_table(batch: SourceBatch, verdict: Verdict) -> pa.Table:
    """`source_row`, `reason`, and the source's columns as text (`source_` before names that are taken).

    Of a broken line, `detail` says what is wrong and `line` holds its beginning.
    """
    import pyarrow as pa

    rejected = np.flatnonzero(~verdict.accepted)
    count, broken = len(rejected), batch.broken
    found: dict[str, pa.Array] = {
        "source_row": pa.array([*batch.rows[rejected].tolist(), *(line.row for line in broken)], pa.int64()),
        "reason": pa.concat_arrays(
            [verdict.reasons(), pa.array([Reason.BROKEN_LINE.value] * len(broken), pa.string())]
        ),
        "detail": pa.array([None] * count + [line.why for line in broken], pa.string()),
        "line": pa.array([None] * count + [line.line for line in broken], pa.string()),
    }
    for name, column in batch.columns.items():
        text = pa.concat_arrays([to_text(column.take(rejected)), pa.nulls(len(broken), pa.string())])
        found[f"source_{name}" if name in FIXED else name] = text
    return pa.table(found)
