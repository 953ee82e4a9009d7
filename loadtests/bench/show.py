"""A bench as a person sees it: progress, then tables, then files."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from loadtests.bench.document import document, markdown, rows
from loadtests.bench.plan import Plan
from loadtests.bench.run import Outcome, run_bench
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
    # SIGTERM unwinds like Ctrl-C, so that no server is left behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    outcome = _run(settings, users, plan, glued)
    text = markdown(outcome, plan, command)
    print(text)
    if json_file:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(document(outcome, plan, command), indent=2) + "\n", encoding="utf-8")
    if markdown_file:
        markdown_file.write_text(text, encoding="utf-8")
    return not any(one.bad_runs for one in rows(outcome))


def _run(settings: Settings, users: Sequence[str], plan: Plan, glued: bool) -> Outcome:
    columns = (TextColumn("{task.description:<38}"), BarColumn(), TimeElapsedColumn())
    cell_count = (3 + 2 * glued) * 3 + glued
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=BEFORE_ROUNDS + cell_count * (plan.rounds + 1))

        def say(what: str) -> None:
            progress.update(bar, description=what, advance=1)

        return run_bench(settings, users, plan, glued, say)
