"""Any file through the door, row by row in its own order."""

from __future__ import annotations

from streaming.door.opening import Opened
from streaming.feed.live import BATCH_EVENTS
from streaming.feed.messages import event_messages, fact_messages
from streaming.feed.patience import PatientDoor
from streaming.feed.progress import FeedProgress
from streaming.sources.batch import SourceBatch

READ_ROWS = 1 << 14


def publish_rows(opened: Opened, door: PatientDoor, progress: FeedProgress) -> dict[str, int]:
    """Publish every row an import would accept; returns the others by reason. Raises CallFailed, InputInvalid."""
    make = fact_messages if opened.holds_facts else event_messages
    kept_out: dict[str, int] = {}
    for batch in opened.source.batches(opened.columns, READ_ROWS):
        if not batch.row_count:
            continue
        judged = opened.door.judge(batch)
        for reason, count in _reasons(batch, judged.verdict.counts()).items():
            kept_out[reason] = kept_out.get(reason, 0) + count
        for start in range(0, judged.accepted.num_rows, BATCH_EVENTS):
            events = make(judged.accepted.slice(start, BATCH_EVENTS))
            progress.add(door.publish(events))
    return kept_out


def _reasons(batch: SourceBatch, counts: dict[str, int]) -> dict[str, int]:
    return {**counts, "broken_line": len(batch.broken)} if batch.broken else counts
