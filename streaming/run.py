"""One import: source -> door -> history, batch by batch, each batch kept whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from streaming.door.digests import digests
from streaming.door.judged import Door
from streaming.door.reasons import Reason
from streaming.history import History
from streaming.sources.batch import Source, SourceBatch
from streaming.store.faults import storage_faults
from streaming.store.id_index import IdIndex
from streaming.store.journal import Journal, Progress
from streaming.store.quarantine import quarantine_table
from streaming.store.staging import Staging, reveal, sweep
from streaming.store.totals import Totals

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 1 << 18
"""Rows a batch; at about 150 bytes a row with all its columns, a batch is some 40 MB."""

Report = Callable[[int, float], None]
"""Called with the rows read in all and the share of the file read."""
Parts = Callable[["pa.Table", History], Iterator[tuple[Path, "pa.Table"]]]


@dataclass(frozen=True)
class Plan:
    """Everything one import is made of."""

    import_id: str
    home: Path
    history: History
    source: Source
    columns: list[str]
    door: Door
    parts: Parts
    batch_rows: int = BATCH_ROWS

    @property
    def quarantine(self) -> Path:
        return self.home / "quarantine" / self.import_id

    @property
    def journal(self) -> Journal:
        return Journal(journal_path(self.history, self.import_id))


def journal_path(history: History, import_id: str) -> Path:
    """Where an import's journal lies: with the history, so that removing the history removes it too."""
    return history.imports / f"{import_id}.json"


def recover(home: Path, history: History, import_id: str) -> Progress | None:
    """Finish what a killed run had decided, sweep up what it had not; the progress to go on from, if any.

    None also when what the journal speaks of is gone: then the import begins again, and ids decide what is new.
    """
    with storage_faults(home):
        for path in history.imports.glob("*.json"):
            _settle(home, Journal(path))
        sweep([history.events, history.profile, home / "quarantine"])
    progress = Journal(journal_path(history, import_id)).read()
    if progress is None or progress.complete or not all((home / part).exists() for part in progress.parts):
        return None
    return progress


def _settle(home: Path, journal: Journal) -> None:
    progress = journal.read()
    if progress and progress.pending:
        reveal(home, progress.pending)
        journal.write(progress.settled())


def begin(plan: Plan, now_us: int) -> Progress:
    """Start from the first row; what an earlier run of the same file quarantined is replaced."""
    progress = Progress(plan.import_id, now_us)
    with storage_faults(plan.home):
        shutil.rmtree(plan.quarantine, ignore_errors=True)
        plan.journal.write(progress)
    return progress


def run(plan: Plan, progress: Progress, known: IdIndex, report: Report) -> Progress:
    """Bring in every row after those the progress counts; returns the final progress."""
    read = 0
    for batch in plan.source.batches(plan.columns, plan.batch_rows):
        read += batch.row_count
        if read <= progress.totals.read:
            plan.door.pass_over(batch)
        elif batch.row_count:
            progress = _keep(plan, progress, batch, known)
        report(read, batch.done)
    progress = replace(progress, complete=True)
    with storage_faults(plan.home):
        plan.journal.write(progress)
    return progress


def _keep(plan: Plan, progress: Progress, batch: SourceBatch, known: IdIndex) -> Progress:
    judged = plan.door.judge(batch)
    accepted = judged.accepted
    new = known.add_new(digests(accepted.column(plan.door.id_column).combine_chunks()))
    kept = accepted.take(np.flatnonzero(new))
    reasons = judged.verdict.counts()
    if batch.broken:
        reasons[Reason.BROKEN_LINE.value] = len(batch.broken)
    totals = Totals(
        read=batch.row_count,
        accepted=kept.num_rows,
        duplicate=accepted.num_rows - kept.num_rows,
        quarantined=sum(reasons.values()),
        rounded=judged.rounded,
        reasons=reasons,
    )
    stem = f"{plan.import_id}-{progress.totals.read:012d}"
    staging = Staging(plan.home)
    with storage_faults(plan.home):
        if kept.num_rows:
            for folder, part in plan.parts(kept, plan.history):
                staging.write(part, folder, stem)
        if totals.quarantined:
            staging.write(quarantine_table(batch, judged.verdict), plan.quarantine, stem)
        decided = replace(progress, totals=progress.totals + totals, pending=tuple(staging.moves))
        plan.journal.write(decided)
        reveal(plan.home, decided.pending)
        # The journal says that the batch is settled together with the next one's decision.
        return decided.settled()
