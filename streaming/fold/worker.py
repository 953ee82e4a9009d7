"""The stream worker: polls the log, folds each batch, tells the history and the watchers. One thread.

The order within a batch is what makes a kill harmless: records are folded into the state (whose rows know their
position), then given to the history, then users are named to watchers. A record read again changes no row, and the
fold still tells the history whether it had been accepted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Final

from strata.changes.ports import ChangePublisher
from strata.clock import Clock
from strata.errors import LogDamaged, PositionsDiffer, StrataError
from strata.features.fold import Verdict
from strata.features.packed import PackedEvent, RecordDamaged, RecordKind, unpack_event
from strata.state.ports import State
from streaming.fold.aliases import AliasFold, AliasVerdict
from streaming.fold.applied import AppliedWatermark
from streaming.fold.catch_up import CatchUp
from streaming.fold.facts import facts_of, put_facts
from streaming.fold.fold_run import fold_run, send_nothing
from streaming.fold.meters import FoldMeters
from streaming.fold.micro_batch import Run, is_event, kind_of, runs_of
from streaming.fold.rows import LiveRows
from streaming.fold.stream_history import StreamHistory
from streaming.fold.tables import Tables
from streaming.log.ports import LogConsumer, Record

POLL_S: Final = 0.05
AROUND_S: Final = 0.5
"""How often a worker says how far it is, looks for a rebuilt generation and renews its lease."""
RETRY_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
LEASE: Final = "stream"
"""Held while a worker lives: a rebuild then leaves its generation to the worker."""
LEASE_S: Final = 10.0
_IN_HISTORY: Final = (int(Verdict.ACCEPTED), int(Verdict.REPLAYED))


@dataclass
class Parts:
    """What a worker is made of."""

    state: State
    open_tables: Callable[[], Tables]
    """Which tables there are, with the layouts of their current generations."""
    history: StreamHistory
    changes: ChangePublisher
    forward: Callable[[Sequence[PackedEvent]], None]
    """Appends records to the log; returns when they are durable."""
    clock: Clock
    meters: FoldMeters
    say: Callable[[str], None]
    batch_records: int
    held_limit: int
    """Records held for the history at most, before the worker waits for its disk."""


class FoldWorker:
    """Owns some partitions of the log; nobody else writes their users' rows."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._rows = LiveRows(parts.state)
        self._next: dict[int, int] = {}
        """Partition to the offset after the last record folded."""
        self._catch_up = CatchUp(parts.state, parts.say)
        self._around_at = 0.0
        self._applied = AppliedWatermark()
        self._open_tables()

    def assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
        """Take partitions over; reading begins where the state or the history has got to, whichever is less."""
        self._rows.begin(list(self._tables.layouts))
        written = self._parts.history.assign(partitions)
        starts = {partition: min(written[partition], self._folded_to(partition)) for partition in partitions}
        self._next.update(starts)
        return starts

    def revoked(self, partitions: Sequence[int]) -> None:
        """Give partitions up: their history is written first."""
        self._parts.history.release(partitions)
        for partition in partitions:
            self._next.pop(partition, None)
        self._parts.meters.forget(partitions)

    def lost(self, partitions: Sequence[int]) -> None:
        """Partitions another worker may have by now: nothing more is said of them, here or in the history."""
        self._parts.history.forget(partitions)
        for partition in partitions:
            self._next.pop(partition, None)
        self._parts.meters.forget(partitions)

    def run(self, consumer: LogConsumer, stop: Event) -> None:
        """Work until told to stop; a step that fails is tried again, and nothing is skipped. Raises LogDamaged."""
        failures = 0
        pending: list[Record] = []
        while not stop.is_set():
            try:
                pending = pending or consumer.poll(self._parts.batch_records, POLL_S)
                self.fold(pending)
                pending = []
                self.between(consumer)
                failures = 0
            except PositionsDiffer as error:
                self._parts.say(f"reading the log again from where the state is: {error}")
                pending = []
                self._rewind(consumer)
            except LogDamaged:
                raise  # trying again would skip what is gone, or never end: a person must see it
            except StrataError as error:
                self._parts.meters.troubled()
                self._parts.say(f"trying again: {error}")
                stop.wait(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1
        self._parts.history.flush()
        self._parts.state.drop_lease(LEASE)

    def fold(self, records: Sequence[Record]) -> None:
        """Fold one batch, in the order of its records. Doing it again changes nothing."""
        if not records:
            return
        began = time.perf_counter()
        damaged: list[tuple[Record, RecordDamaged]] = []
        for part in runs_of(records, damaged):
            if isinstance(part, Run):
                self._fold_run(part)
            else:
                self._fold_alone(part)
        for record, error in damaged:
            self._parts.say(f"record {record.offset} of partition {record.partition} is left out: {error}")
        self._parts.meters.damaged(len(damaged))
        self._settle(records)
        self._parts.meters.batch(len(records), time.perf_counter() - began)

    def between(self, consumer: LogConsumer) -> None:
        """What is done between batches: the history when it is due, and everything slower twice a second."""
        parts = self._parts
        moved = parts.history.finish(wait=parts.history.held > parts.held_limit)
        for partition, position in moved.items():
            if partition in self._next:
                consumer.release(partition, min(position, self._folded_to(partition)))
        for partition, position in parts.history.take_behind().items():
            parts.say(
                f"partition {partition}: the history has got to {position} by another worker; going on from there"
            )
            self._next[partition] = min(position, self._folded_to(partition))
            consumer.seek(partition, self._next[partition])
        if parts.history.is_due():
            parts.meters.written(parts.history.held)
            parts.history.start()
        if time.monotonic() - self._around_at >= AROUND_S:
            self._look_around(consumer)
            self._around_at = time.monotonic()

    def _fold_run(self, run: Run) -> None:
        if run.records:
            self._fold_events(run)
        if run.facts:
            self._fold_facts(run.facts)

    def _fold_events(self, run: Run) -> None:
        if not self._tables.layouts:
            self._open_tables()
        if not self._tables.layouts:
            raise StrataError(
                "no windowed view is in the registry, so nobody can judge events; they wait in the log until one is "
                "applied (strata features apply)"
            )
        parts = self._parts
        verdicts: list[int] = []
        forward = parts.forward
        for layout in self._tables.layouts.values():
            outcome = fold_run(layout, run, self._rows, forward)
            parts.changes.publish(layout.table, outcome.changed)
            verdicts = outcome.verdicts.tolist()
            forward = send_nothing  # every table judges alike; the first one's forwards are enough
        parts.meters.folded(verdicts)
        for record, verdict in zip(run.records, verdicts, strict=True):
            if verdict in _IN_HISTORY and is_event(record):
                parts.history.add_event(record.partition, record.offset, record.data)

    def _fold_facts(self, records: Sequence[Record]) -> None:
        facts = [(event, facts_of(event)) for event in (unpack_event(record.data) for record in records)]
        put_facts(self._parts.state, self._tables.facts, facts)
        for record, (event, values) in zip(records, facts, strict=True):
            self._parts.history.add_facts(record.partition, record.offset, event, values)
        users = list(dict.fromkeys(event.user_id for event, _ in facts))
        for plan in self._tables.facts:
            self._parts.changes.publish(plan.spec.name, users)
        self._parts.meters.learned(len(facts))

    def _fold_alone(self, record: Record) -> None:
        fold = AliasFold(self._rows, self._tables.layouts, self._parts.forward)
        if kind_of(record) == RecordKind.MERGE:
            outcome = fold.merge(record)
        else:
            outcome = fold.alias(record)
            if outcome.verdict in (AliasVerdict.ACCEPTED, AliasVerdict.REPLAYED):
                event = unpack_event(record.data)
                self._parts.history.add_alias(record.partition, record.offset, event, event.tail.decode())
            self._parts.meters.aliased(outcome.verdict)
        for table in self._tables.layouts:
            self._parts.changes.publish(table, outcome.changed)

    def _settle(self, records: Sequence[Record]) -> None:
        reached = {record.partition: record.offset + 1 for record in records}
        for table in self._tables.layouts:
            stored = self._rows.positions(table)
            if any(stored.get(partition, 0) < offset for partition, offset in reached.items()):
                # The last of them changed no row: an alias, a fact, a damaged record.
                self._rows.transform(table, [], lambda rows: rows, reached)
        for partition, offset in reached.items():
            self._next[partition] = max(self._next.get(partition, 0), offset)
            self._parts.history.settle(partition, offset)

    def _rewind(self, consumer: LogConsumer) -> None:
        """The state has lost its newest writes: fold them again from the log."""
        self._parts.history.flush()
        self._rows.begin(list(self._tables.layouts))
        for partition in list(self._next):
            self._next[partition] = self._folded_to(partition)
            consumer.seek(partition, self._next[partition])

    def _folded_to(self, partition: int) -> int:
        """The first offset of a partition that some table does not hold."""
        return min((self._rows.positions(table).get(partition, 0) for table in self._tables.layouts), default=0)

    def _reached(self, partition: int) -> int:
        """How far a partition is folded, by this worker or by another one of the same state."""
        own = self._next.get(partition)
        if own is not None:
            return own
        return min((self._parts.state.positions(table).get(partition, 0) for table in self._tables.layouts), default=0)

    def _look_around(self, consumer: LogConsumer) -> None:
        parts = self._parts
        leads = parts.state.hold_lease(LEASE, LEASE_S)
        at_us = parts.clock.now_us()
        ends = consumer.end_offsets()
        parts.meters.lags({partition: max(0, ends.get(partition, at) - at) for partition, at in self._next.items()})
        if self._applied.look(at_us, ends, self._reached):
            # Facts too: the age of what a segmenter reads is that of the oldest table it reads.
            for table in (*self._tables.layouts, *(plan.spec.name for plan in self._tables.facts)):
                parts.state.set_watermark(table, self._applied.at_us)
        parts.meters.progress(self._applied.at_us, at_us)
        if leads and len(self._next) == len(ends):
            self._catch_up.look(list(self._tables.layouts), consumer, dict(self._next), max(self._applied.at_us, 1))
        if parts.state.version() != self._version:
            self._open_tables()

    def _open_tables(self) -> None:
        self._version = self._parts.state.version()
        self._tables = self._parts.open_tables()
        self._rows.begin(list(self._tables.layouts))
