"""What a person and a program read after a load test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from loadtests.budget import Profile
from loadtests.measured import Measured
from loadtests.verdict import Line, within

BUSY_GENERATOR = 0.8
"""Cores. A gevent process has one: past this its own queueing is part of what it measures."""


@contextmanager
def waiting(what: str, length_s: float) -> Iterator[Callable[[float], None]]:
    """A progress bar on stderr for something of known length; the callable takes seconds passed."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(what, total=length_s)
        yield lambda passed_s: progress.update(bar, completed=min(passed_s, length_s))


def print_verdict(profile: str, lines: list[Line], measured: Measured, html: Path) -> None:
    """The table, the errors by cause, and one closing sentence."""
    console = Console(soft_wrap=True)
    table = Table(title=f"Budget '{profile}'")
    for heading in ("", "budget", "measured", ""):
        table.add_column(heading, justify="right" if heading else "left")
    for line in lines:
        sign = ">=" if line.at_least else "<="
        mark = "kept" if line.kept else "[bold red]PAST[/]"
        table.add_row(line.name, f"{sign} {line.limit:g} {line.unit}", f"{line.measured:.4g} {line.unit}", mark)
    console.print(table)
    for name, entry in measured.methods.items():
        console.print(
            f"{name}: {entry.calls} calls, p50 {entry.p50_ms:g} ms, p99 {entry.p99_ms:g} ms, max {entry.max_ms:g} ms"
        )
    for kind, counts in (("error", measured.errors), ("degraded", measured.degraded)):
        for cause, count in sorted(counts.items()):
            console.print(f"{kind}: {count} x {cause}")
    if measured.generator_cpu_share > BUSY_GENERATOR:
        console.print(
            f"the generator used {measured.generator_cpu_share:.2f} cores: latencies include its own queueing"
        )
    console.print(f"{'within' if within(lines) else 'PAST'} the budget; report: {html}")


def write_verdict(path: Path, profile: str, limits: Profile, lines: list[Line], measured: Measured) -> None:
    """The JSON of `--json`; its keys are explained in docs/load_testing.md."""
    document = {
        "profile": profile,
        "within": within(lines),
        "limits": limits.model_dump(),
        "lines": [asdict(line) | {"kept": line.kept} for line in lines],
        "measured": asdict(measured),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
