"""`strata explain-latency USER`: ask a running gateway some times, and show where the time went."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from strata.command.explain.asking import Asked

INTERRUPTED = 130


def explain_latency(
    user: Annotated[str, typer.Argument(help="The user asked about.")],
    calls: Annotated[int, typer.Option(help="How often to ask.", min=1, max=10_000)] = 20,
    segmenters: Annotated[list[str] | None, typer.Option("--segmenter", help="Only this one; may be repeated.")] = None,
    *,
    target: Annotated[str, typer.Option(help="HOST:PORT of a gateway. Default: settings.")] = "",
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most for a call.", min=0.001)] = 2.0,
    metrics: Annotated[
        str, typer.Option(help="HOST:PORT of its metrics page. Default: settings, where --target is not given.")
    ] = "",
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Also write the figures as JSON (keys: docs/operations.md)."),
    ] = None,
) -> None:
    """Ask about one user some times and show, for the slowest and the median call, where the time went.

    Rows add up to what the caller waited. The calls are ordinary ones, counted and logged as any; they send the
    metadata key x-strata-explain, and the gateway sends the trailer x-strata-timing (docs/serving.md). What telling
    costs is in the last row.

    Before and after the handler are told apart on the gateway's own machine; from another one they are one row.
    Where the C kernel answers in one step there is one row for all scores. Scores side by side count once, the longest.
    """
    from rich.console import Console

    from strata.command.explain.asking import read_queue
    from strata.command.explain.document import document
    from strata.command.explain.view import render

    address, page = _addresses(target, metrics)
    asked = _ask(address, user, segmenters or (), calls, timeout)
    queue = read_queue(page) if page else None
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(document(address, user, asked, queue), indent=2) + "\n", encoding="utf-8")
    # A pipe has no width: lines are left whole for whatever reads them.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    console.print(render(address, user, asked, queue))
    if asked.interrupted:
        raise typer.Exit(INTERRUPTED)


def _addresses(target: str, metrics: str) -> tuple[str, str]:
    """Of the gateway, and of its page or nothing: another gateway's than the settings' is not known."""
    if target:
        return target, metrics
    from strata.settings import load_settings

    gateway = load_settings().gateway
    page = f"{gateway.host}:{gateway.metrics_port}" if gateway.metrics_port else ""
    return f"{gateway.host}:{gateway.port}", metrics or page


def _ask(target: str, user: str, segmenters: list[str] | tuple[()], calls: int, timeout_s: float) -> Asked:
    from rich.console import Console
    from rich.progress import Progress

    from strata.client import connect
    from strata.command.explain.asking import ask

    console = Console(stderr=True)
    with (
        connect(target, call_s=timeout_s) as client,
        Progress(console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        bar = progress.add_task("asking", total=calls)
        return ask(client, user, segmenters, calls, lambda: progress.advance(bar))
