"""Imports and statistics for a person: tables on stdout, progress on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from strata.clock import format_instant
from streaming.importing import Imported
from streaming.run import Report
from streaming.stats import HistoryStats


@contextmanager
def progress_bar(title: str) -> Iterator[Report]:
    """A bar with rows and rate on stderr while inside; silent when stderr is no terminal."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"), TextColumn("{task.fields[rate]:,.0f} rows/s"), TimeElapsedColumn(),
    )  # fmt: skip
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=1.0, rows=0, rate=0.0)

        def report(rows: int, share: float) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            bar.update(task, completed=share, rows=rows, rate=rows / elapsed if elapsed else 0.0)

        yield report


def import_table(imports: list[tuple[str, Imported, float]]) -> Table:
    """One line for each file: read = accepted + duplicate + quarantined."""
    table = Table("file", "mapping", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("read", "accepted", "duplicate", "quarantined", "rounded", "seconds"):
        table.add_column(name, justify="right")
    for name, done, seconds in imports:
        totals = done.totals
        counts = (totals.read, totals.accepted, totals.duplicate, totals.quarantined, totals.rounded)
        table.add_row(name, done.mapping, *(f"{count:,}" for count in counts), f"{seconds:.1f}")
    return table


def notes(name: str, done: Imported) -> Iterator[str]:
    """What else there is to say about one import."""
    if done.resumed_at:
        yield f"{name}: went on after {done.resumed_at:,} rows that an earlier run had dealt with"
    if done.quarantine:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(done.totals.reasons.items()))
        yield f"{name}: quarantined {reasons}; see {done.quarantine}"


def import_json(name: str, done: Imported, seconds: float) -> dict[str, Any]:
    """The same for a program; docs/events.md documents the keys."""
    return {
        "file": name, "mapping": done.mapping, "import_id": done.import_id, **done.totals.as_json(),
        "resumed_at": done.resumed_at, "quarantine": str(done.quarantine) if done.quarantine else None,
        "seconds": round(seconds, 3),
    }  # fmt: skip


def stats_table(stats: HistoryStats) -> Table:
    """One line for each event type, and the facts."""
    table = Table("type", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("events", "users", "value"):
        table.add_column(name, justify="right")
    table.add_column("first")
    table.add_column("last")
    for entry in stats.types:
        value = "" if entry.value_cents is None else f"{entry.value_cents / 100:,.2f}"
        first, last = _minute(entry.first_us), _minute(entry.last_us)
        table.add_row(entry.event_type, f"{entry.events:,}", f"{entry.users:,}", value, first, last)
    table.add_row("all events", f"{stats.events:,}", f"{stats.users:,}")
    table.add_row("facts", f"{stats.facts:,}", f"{stats.fact_users:,}")
    return table


def _minute(at_us: int) -> str:
    return format_instant(at_us)[:16].replace("T", " ") + "Z"
