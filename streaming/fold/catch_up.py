"""A rebuilt generation, brought up to the log and made current without a gap.

A rebuild reads the history up to the offsets its note records and leaves the generation hidden. The worker folds the
log from those offsets into the hidden rows, up to where it has got with the current ones, and flips. Readers see the
old generation, complete, until they see the new one, complete. Live records wait in the log meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from strata.errors import StrataError
from strata.features.layout import Layout
from strata.features.merged import REBUILT
from strata.features.note import GenerationNote
from strata.features.packed import RecordDamaged, RecordKind
from strata.state.ports import Generation, State
from streaming.fold.aliases import merge_here
from streaming.fold.fold_run import fold_run, send_nothing
from streaming.fold.micro_batch import Run, kind_of, runs_of
from streaming.fold.rows import HiddenRows
from streaming.log.ports import LogConsumer, Record

BATCH_RECORDS: Final = 10_000
POLL_S: Final = 0.5
IDLE_POLLS: Final = 60


class StreamStuck(StrataError):
    """The log does not give the records a rebuild needs."""

    def __init__(self, table: str, behind: Mapping[int, int]) -> None:
        super().__init__(
            f"the log gave nothing for {IDLE_POLLS * POLL_S:.0f} s while a rebuild of {table} needed partitions "
            f"{dict(behind)}; the rebuild stays hidden, and is tried again"
        )


class CatchUp:
    """Takes finished generations up."""

    def __init__(self, state: State, say: Callable[[str], None]) -> None:
        self._state, self._say = state, say

    def look(self, tables: Sequence[str], consumer: LogConsumer, reached: Mapping[int, int], watermark_us: int) -> None:
        """Catch up every finished generation to `reached`, partition to next offset, and flip it.

        The consumer stands where it stood afterwards. What fails leaves the generation hidden.
        """
        for table in tables:
            generation = self._state.open_finished(table)
            if generation is None:
                continue
            note = GenerationNote.unpack(generation.note)
            count = self._replay(generation, note, consumer, reached)
            at = GenerationNote(note.layout, dict(reached))
            generation.commit(watermark_us, at.pack())
            self._say(f"a rebuild of {table} is current; {count} records were folded into it since its history")

    def _replay(
        self, generation: Generation, note: GenerationNote, consumer: LogConsumer, reached: Mapping[int, int]
    ) -> int:
        layout = note.layout
        starts = dict(note.positions) | generation.positions()
        behind = {p: starts.get(p, 0) for p, end in reached.items() if starts.get(p, 0) < end}
        rows = HiddenRows({layout.table: generation})
        for partition, offset in behind.items():
            consumer.seek(partition, offset)
        count, idle_polls = 0, 0
        while behind:
            records = [r for r in consumer.poll(BATCH_RECORDS, POLL_S) if r.offset < reached.get(r.partition, 0)]
            own = [record for record in records if record.offset >= behind.get(record.partition, record.offset + 1)]
            idle_polls = 0 if own else idle_polls + 1
            if idle_polls > IDLE_POLLS:
                raise StreamStuck(layout.table, behind)
            _fold(rows, layout, own)
            count += len(own)
            for record in own:
                behind[record.partition] = record.offset + 1
            behind = {p: offset for p, offset in behind.items() if offset < reached[p]}
        for partition, offset in reached.items():
            consumer.seek(partition, offset)
        return count


def _fold(rows: HiddenRows, layout: Layout, records: Sequence[Record]) -> None:
    """Fold records into hidden rows. What was sent on was sent on when it was folded the first time."""
    damaged: list[tuple[Record, RecordDamaged]] = []
    for part in runs_of(records, damaged):
        if isinstance(part, Run):
            if part.records:
                fold_run(layout, part, rows, send_nothing)
        elif kind_of(part) == RecordKind.ALIAS:
            merge_here(rows, {layout.table: layout}, part, REBUILT)
