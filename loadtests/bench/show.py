"""A bench as a person sees it: progress, then tables, then files."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from loadtests.bench.document import document, markdown, rows
from loadtests.bench.plan import Plan
from loadtests.bench.run import run_bench
from strata.settings import Settings

TERMINATED = 128 + signal.SIGTERM
BEFORE_ROUNDS = 5
"""Things said before and after the measurement: gateways, features, glued stack, two checks."""


def run_and_show(
    settings: Settings,
    users: Sequence[str],
    plan: Plan,
    *,
    glued: bool,
    command: str,
    json_file: Path | None,
    markdown_file: Path | None,
) -> bool:
    """Measure, print, write. Returns whether every reply was right."""
    cell_count = (3 + 2 * glued) * 3 + glued
    with progress(BEFORE_ROUNDS + cell_count * (plan.rounds + 1)) as say:
        outcome = run_bench(settings, users, plan, glued, say)
    found = document(outcome, plan, command)
    tell(markdown(outcome, plan, command), found, json_file, markdown_file)
    return not any(one.bad_runs for one in rows(outcome))


@contextmanager
def progress(steps: int) -> Iterator[Callable[[str], None]]:
    """A bar on standard error; what it gives is called with what is done next. SIGTERM unwinds like Ctrl-C, so that
    no server is left behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    columns = (TextColumn("{task.description:<38}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        bar = shown.add_task("", total=steps)
        yield lambda what: shown.update(bar, description=what, advance=1)


def tell(text: str, document: dict[str, Any], json_file: Path | None, markdown_file: Path | None) -> None:
    """Print a result and write it where it is wanted."""
    print(text)
    if json_file:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if markdown_file:
        markdown_file.write_text(text, encoding="utf-8")
