"""What the fold accepted, on its way into the Parquet history: kept in memory, written in spans, each exactly once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from strata.errors import StrataError
from strata.features.packed import PackedEvent, unpack_event
from strata.processes.frugal import GiveBack
from streaming.fold.history_parts import Span, remove_leftovers, stage_aliases, stage_events, stage_facts
from streaming.fold.pending import Pending
from streaming.fold.positions import Staged, commit_parts, held_positions, read_positions
from streaming.history import History
from streaming.store.faults import storage_faults


class _Writing(NamedTuple):
    """Spans that are being written, what is held of their partitions since, and the job."""

    spans: dict[int, Pending]
    since: dict[int, Pending]
    job: Future[set[int]]


class StreamHistory:
    """The history's end of the worker. What `settle` has not covered is not written; what is written is never again.

    Used by one thread; writing happens in another, so that folding does not wait for the disk. Records are given in
    offset order, and may be given again: one that is in the history, or is held, is ignored.
    """

    def __init__(
        self, history: History, flush_records: int, flush_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._history, self._flush_records, self._flush_s = history, flush_records, flush_s
        self._monotonic = monotonic
        self._pending: dict[int, Pending] = {}
        self._moved: dict[int, int] = {}
        self._behind: dict[int, int] = {}
        self._held = 0
        self._since: float | None = None
        self._torn = False
        """Writing failed half way: parts may be in place that no position covers."""
        self._thread = ThreadPoolExecutor(1, "history")
        self._free = GiveBack(monotonic)
        self._writing: _Writing | None = None

    def assign(self, partitions: Sequence[int]) -> dict[int, int]:
        """Take partitions over: remove what a killed worker left half said, and tell where each goes on."""
        self._finish_quietly()  # what is still being written may be of these partitions, from before they were lost
        with storage_faults(self._history.root):
            self._history.root.mkdir(parents=True, exist_ok=True)
            with held_positions(self._history.root) as positions:
                remove_leftovers(self._history, positions, partitions)
        for partition in partitions:
            self._pending[partition] = Pending.at(positions.get(partition, 0))
            self._behind.pop(partition, None)
        self._count_held()
        return {partition: self._pending[partition].first for partition in partitions}

    def release(self, partitions: Sequence[int]) -> None:
        """Write what partitions hold and let go of them."""
        self._moved |= self.flush()
        self.forget(partitions)

    def forget(self, partitions: Sequence[int]) -> None:
        """Let go of partitions without writing what is held of them: another worker reads it from the log again."""
        for partition in partitions:
            self._pending.pop(partition, None)
            self._behind.pop(partition, None)
        self._count_held()

    def take_behind(self) -> dict[int, int]:
        """Partitions of ours of which somebody else has written on, and where each goes on: read them from there."""
        behind, self._behind = self._behind, {}
        return behind

    def add_event(self, partition: int, offset: int, record: bytes) -> None:
        """Hold an accepted event."""
        if self._pending[partition].events.add(offset, record):
            self._hold()

    def add_facts(self, partition: int, offset: int, event: PackedEvent, facts: Mapping[str, str]) -> None:
        """Hold what was learned about a user."""
        if self._pending[partition].facts.add(offset, (event, facts)):
            self._hold()

    def add_alias(self, partition: int, offset: int, event: PackedEvent, target: str) -> None:
        """Hold an id's becoming a user."""
        if self._pending[partition].aliases.add(offset, (event, target)):
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
        split = {p: pending.split() for p, pending in self._pending.items() if pending.next > pending.first}
        spans, since = {p: parts[0] for p, parts in split.items()}, {p: parts[1] for p, parts in split.items()}
        self._pending |= since
        self._count_held()
        self._since = self._monotonic() if self._held else None
        self._writing = _Writing(spans, since, self._thread.submit(self._write_spans, spans, list(self._pending)))

    def finish(self, *, wait: bool = False) -> dict[int, int]:
        """The positions moved by what was begun, once it is done. When it failed nothing is lost: begin again."""
        moved, self._moved = self._moved, {}
        if self._writing is None or not (wait or self._writing.job.done()):
            return moved
        writing, self._writing = self._writing, None
        try:
            ours = writing.job.result()
        except BaseException:
            self._moved = moved
            self._take_back(writing)
            raise
        self._go_on_from_others(writing, ours)
        return moved | {partition: writing.spans[partition].next for partition in ours}

    def flush(self) -> dict[int, int]:
        """Write everything settled, and wait for it. What failed when it was begun before is tried again here: a disk
        that was full then need not be now, and this may be the last chance before the process ends."""
        self._finish_quietly()
        self.start()
        return self.finish(wait=True)

    def close(self) -> None:
        """Let the thread go."""
        self._thread.shutdown()

    def _finish_quietly(self) -> None:
        """Wait for what is being written; when it failed it was taken back, and is begun again."""
        with suppress(StrataError):
            self._moved = self.finish(wait=True)

    def _take_back(self, writing: _Writing) -> None:
        for partition, span in writing.spans.items():
            since = self._pending.get(partition)
            if since is writing.since[partition]:  # else it was lost meanwhile, and is read from the log again
                self._pending[partition] = since.with_earlier(span)
        self._count_held()
        self._begin()

    def _go_on_from_others(self, writing: _Writing, ours: Set[int]) -> None:
        """A partition we have and whose position is not where we left it had another worker for a while."""
        others = [p for p in writing.spans if p not in ours and self._pending.get(p) is writing.since[p]]
        if not others:
            return
        positions = read_positions(self._history.root)
        for partition in others:
            self._behind[partition] = positions.get(partition, 0)
            self._pending[partition] = Pending.at(self._behind[partition])
        self._count_held()

    def _write_spans(self, spans: Mapping[int, Pending], partitions: Sequence[int]) -> set[int]:
        history = self._history
        with storage_faults(history.root):
            if self._torn:
                with held_positions(history.root) as positions:
                    remove_leftovers(history, positions, partitions)
            self._torn = True
            staged = {partition: self._stage(partition, pending) for partition, pending in spans.items()}
            ours = commit_parts(history.root, staged) if staged else set()
            self._torn = False
        self._free.when_due()
        return ours

    def _stage(self, partition: int, pending: Pending) -> Staged:
        history, span = self._history, Span(partition, pending.first, pending.next)
        files = []
        if pending.events.held:
            files += stage_events(history, span, [unpack_event(record) for record in pending.events.records])
        if pending.facts.held:
            files += stage_facts(history, span, pending.facts.records)
        if pending.aliases.held:
            files += stage_aliases(history, span, pending.aliases.records)
        return Staged(pending.first, pending.next, files)

    def _count_held(self) -> None:
        self._held = sum(len(pending) for pending in self._pending.values())

    def _hold(self) -> None:
        self._held += 1
        self._begin()

    def _begin(self) -> None:
        if self._since is None:
            self._since = self._monotonic()
