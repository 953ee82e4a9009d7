"""Import one file under one mapping: what `strata events import` does, for programs."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path

from strata.errors import InputInvalid, StrataError
from streaming.door.opening import lookup_path, open_door
from streaming.history import History
from streaming.mapping.load import LoadedMapping
from streaming.run import BATCH_ROWS, Plan, Report, begin, recover, run
from streaming.sources.open import open_source
from streaming.store.exclusive import exclusive_writer
from streaming.store.journal import Progress
from streaming.store.known_ids import known_event_ids, known_fact_ids
from streaming.store.parts import event_parts, fact_parts
from streaming.store.totals import Totals

FORMAT = b"strata import 1"


@dataclass(frozen=True)
class Imported:
    """What one import did. `totals` are of the whole file, `resumed_at` the rows an earlier, killed run had kept."""

    import_id: str
    mapping: str
    totals: Totals
    resumed_at: int
    quarantine: Path | None


class ImportStopped(StrataError):
    """Ctrl-C: what was kept stays, and the same command goes on from there."""


def import_file(
    path: Path, loaded: LoadedMapping, home: Path, now_us: int, *,
    report: Report = lambda rows, share: None, batch_rows: int = BATCH_ROWS,
) -> Imported:  # fmt: skip
    """Bring one file into the history below `home`; rows past `now_us` are in the future.

    Raises InputInvalid and DefinitionInvalid for what the caller can mend, AlreadyRunning, ImportStopped on Ctrl-C,
    and StrataError when the disk does not take the history.
    """
    open_source(path, loaded.mapping)  # says first of all that there is no such file
    history = History(home / "history")
    lookup = lookup_path(path, loaded)
    import_id = identify([path, *([lookup] if lookup else [])], loaded, batch_rows)
    with exclusive_writer(history):
        continued = recover(home, history, import_id)
        at_us = continued.now_us if continued else now_us
        opened = open_door(path, loaded, history, at_us)
        plan = Plan(
            import_id, home, history, opened.source, opened.columns, opened.door,
            fact_parts if opened.holds_facts else event_parts, batch_rows,
        )  # fmt: skip
        known = known_fact_ids(history) if opened.holds_facts else known_event_ids(history)
        try:
            progress = run(plan, continued or begin(plan, at_us), known, report)
        except BaseException as error:
            raise _after_stop(plan, error) from None
    resumed_at = continued.totals.read if continued else 0
    quarantine = plan.quarantine if progress.totals.quarantined else None
    return Imported(import_id, loaded.mapping.name, progress.totals, resumed_at, quarantine)


def identify(paths: list[Path], loaded: LoadedMapping, batch_rows: int) -> str:
    """16 hex digits over the contents read and what the mapping says: the same import, whatever the file is called."""
    digest = hashlib.blake2b(digest_size=8)
    digest.update(FORMAT + loaded.digest().encode("ascii") + batch_rows.to_bytes(8, "little"))
    for path in paths:
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest())
        except OSError as error:
            raise InputInvalid(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    return digest.hexdigest()


def _after_stop(plan: Plan, error: BaseException) -> BaseException:
    """Leave the history as a next run would find it; Ctrl-C becomes a sentence, all else stays what it was."""
    progress: Progress | None = None
    with contextlib.suppress(StrataError):
        progress = recover(plan.home, plan.history, plan.import_id)
    if not isinstance(error, KeyboardInterrupt):
        return error
    totals = progress.totals if progress else Totals()
    return ImportStopped(
        f"stopped: the first {totals.read:,} rows are dealt with ({totals.accepted:,} kept); "
        "run the same command again to go on from there"
    )
