"""A batch of events judged at one moment: records for the log, and the reply's parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from strata.v1 import event_pb2 as pb
from streaming.log.partition import partition_of
from streaming.service.judge import Refusal, judge_event
from streaming.service.recent_ids import RecentIds, key_of
from streaming.service.times import was_ahead
from streaming.service.violations import Violation

ACCEPTED, DUPLICATE = pb.EVENT_OUTCOME_ACCEPTED, pb.EVENT_OUTCOME_DUPLICATE
LATE, INVALID = pb.EVENT_OUTCOME_LATE, pb.EVENT_OUTCOME_INVALID
_SHOWN_ID = 64


@dataclass(frozen=True, slots=True)
class JudgedBatch:
    """What the door makes of a batch."""

    recorded_us: int
    records: list[tuple[int, bytes]] = field(default_factory=list)
    """(partition, record) of each accepted event."""
    event_times: dict[str, int] = field(default_factory=dict)
    """The accepted events' keys and event times, to be remembered once they are durable."""
    outcomes: list[int] = field(default_factory=list)
    refused: list[tuple[int, str, list[Violation]]] = field(default_factory=list)
    """(position, event id, why) of each that is late or invalid."""
    clamped: list[int] = field(default_factory=list)

    def counts(self) -> Counter[int]:
        """How many events had each outcome."""
        return Counter(self.outcomes)


def judge_batch(
    events: Iterable[Any], recorded_us: int, partitions: int, recent: RecentIds, house_currency: str = ""
) -> JudgedBatch:
    """Judge `pb.Event`s one by one; none touches another, but for an id that comes twice."""
    batch = JudgedBatch(recorded_us)
    records, event_times, outcomes = batch.records, batch.event_times, batch.outcomes
    for event in events:
        verdict = judge_event(event, recorded_us, house_currency)
        if isinstance(verdict, Refusal):
            batch.refused.append((len(outcomes), event.event_id[:_SHOWN_ID], verdict.violations))
            outcomes.append(LATE if verdict.is_late else INVALID)
            continue
        user = verdict.user_id
        key = key_of(user, verdict.event_id)
        if key in event_times or recent.knows(key, recorded_us):
            outcomes.append(DUPLICATE)
            continue
        if verdict.event_time_us == recorded_us and was_ahead(event, recorded_us):
            batch.clamped.append(len(outcomes))
        event_times[key] = verdict.event_time_us
        records.append((partition_of(user, partitions), verdict.record))
        outcomes.append(ACCEPTED)
    return batch
