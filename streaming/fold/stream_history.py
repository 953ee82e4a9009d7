"""What the fold accepted, on its way into the Parquet history: kept in memory, written in spans, each exactly once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from strata.features.packed import PackedEvent, unpack_event
from streaming.fold.history_parts import Span, remove_leftovers, remove_part, write_aliases, write_events, write_facts
from streaming.fold.positions import advance_positions, read_positions
from streaming.history import History
from streaming.store.faults import storage_faults


@dataclass
class _Pending:
    """One partition's records from `first` on that are not in the history yet."""

    first: int
    next: int
    events: list[bytes] = field(default_factory=list)
    facts: list[tuple[PackedEvent, Mapping[str, str]]] = field(default_factory=list)
    aliases: list[tuple[PackedEvent, str]] = field(default_factory=list)


class StreamHistory:
    """The history's end of the worker. What `settle` has not covered is not written; what is written is never again.

    Used by one thread; writing happens in another, so that folding does not wait for the disk. Records are given in
    offset order. One below the partition's position is in the history already and is ignored.
    """

    def __init__(
        self, history: History, flush_records: int, flush_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._history, self._flush_records, self._flush_s = history, flush_records, flush_s
        self._monotonic = monotonic
        self._pending: dict[int, _Pending] = {}
        self._held = 0
        self._since: float | None = None
        self._torn = False
        """Writing failed half way: parts may be in place that no position covers."""
        self._thread = ThreadPoolExecutor(1, "history")
        self._writing: tuple[dict[int, _Pending], Future[dict[int, int]]] | None = None

    def assign(self, partitions: Sequence[int]) -> dict[int, int]:
        """Take partitions over: remove what a killed worker left half said, and tell where each goes on."""
        positions = read_positions(self._history.root)
        remove_leftovers(self._history, positions, partitions)
        for partition in partitions:
            first = positions.get(partition, 0)
            self._pending[partition] = _Pending(first, first)
        return {partition: self._pending[partition].first for partition in partitions}

    def release(self, partitions: Sequence[int]) -> None:
        """Write what partitions hold and let go of them."""
        self.flush()
        for partition in partitions:
            self._pending.pop(partition, None)

    def forget(self, partitions: Sequence[int]) -> None:
        """Let go of partitions without writing what is held of them: another worker reads it from the log again."""
        for partition in partitions:
            self._pending.pop(partition, None)

    def add_event(self, partition: int, offset: int, record: bytes) -> None:
        """Hold an accepted event."""
        pending = self._pending[partition]
        if offset >= pending.first:
            pending.events.append(record)
            self._hold()

    def add_facts(self, partition: int, offset: int, event: PackedEvent, facts: Mapping[str, str]) -> None:
        """Hold what was learned about a user."""
        pending = self._pending[partition]
        if offset >= pending.first:
            pending.facts.append((event, facts))
            self._hold()

    def add_alias(self, partition: int, offset: int, event: PackedEvent, target: str) -> None:
        """Hold an id's becoming a user."""
        pending = self._pending[partition]
        if offset >= pending.first:
            pending.aliases.append((event, target))
            self._hold()

    def settle(self, partition: int, next_offset: int) -> None:
        """Every record below `next_offset` was given, or does not belong in the history."""
        pending = self._pending[partition]
        if next_offset > pending.next:
            pending.next = next_offset
            self._begin()

    def is_due(self) -> bool:
        """Whether enough is held, or for long enough, to be written."""
        if self._since is None:
            return False
        return self._held >= self._flush_records or self._monotonic() - self._since >= self._flush_s

    @property
    def held(self) -> int:
        """Records waiting to be written."""
        return self._held

    def start(self) -> None:
        """Begin to write everything settled, in a thread; nothing while an earlier one is still being written."""
        if self._writing is not None:
            return
        settled = {p: pending for p, pending in self._pending.items() if pending.next > pending.first}
        self._pending |= {p: _Pending(pending.next, pending.next) for p, pending in settled.items()}
        self._held, self._since = 0, None
        self._writing = settled, self._thread.submit(self._write_settled, settled, list(self._pending))

    def finish(self, *, wait: bool = False) -> dict[int, int]:
        """The positions moved by what was begun, once it is done. When it failed nothing is lost: begin again."""
        if self._writing is None or not (wait or self._writing[1].done()):
            return {}
        settled, job = self._writing
        self._writing = None
        try:
            return job.result()
        except BaseException:
            self._take_back(settled)
            raise

    def flush(self) -> dict[int, int]:
        """Write everything settled, and wait for it."""
        moved = self.finish(wait=True)
        self.start()
        return moved | self.finish(wait=True)

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown()

    def _take_back(self, settled: Mapping[int, _Pending]) -> None:
        for partition, old in settled.items():
            new = self._pending.get(partition)
            if new is None:
                continue  # another worker's by now
            self._pending[partition] = _Pending(
                old.first, new.next, old.events + new.events, old.facts + new.facts, old.aliases + new.aliases
            )
            self._held += len(old.events) + len(old.facts) + len(old.aliases)
        self._begin()

    def _write_settled(self, settled: Mapping[int, _Pending], partitions: Sequence[int]) -> dict[int, int]:
        with storage_faults(self._history.root):
            if self._torn:
                remove_leftovers(self._history, read_positions(self._history.root), partitions)
            self._torn = True
            for partition, pending in settled.items():
                self._write(Span(partition, pending.first, pending.next), pending)
            spans = {partition: (pending.first, pending.next) for partition, pending in settled.items()}
            ours = advance_positions(self._history.root, spans) if spans else set()
            for partition in spans.keys() - ours:
                remove_part(self._history, Span(partition, *spans[partition]))
            self._torn = False
        return {partition: spans[partition][1] for partition in ours}

    def _write(self, span: Span, pending: _Pending) -> None:
        if pending.events:
            write_events(self._history, span, [unpack_event(record) for record in pending.events])
        if pending.facts:
            write_facts(self._history, span, pending.facts)
        if pending.aliases:
            write_aliases(self._history, span, pending.aliases)

    def _hold(self) -> None:
        self._held += 1
        self._begin()

    def _begin(self) -> None:
        if self._since is None:
            self._since = self._monotonic()
