"""`strata events`: bring events and facts into the history."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Bring events and facts into the history, and see what it holds.",
    no_args_is_help=True, add_completion=False, rich_markup_mode=None,
)  # fmt: skip

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
Now = Annotated[
    str | None,
    typer.Option(help="Rows past this instant (ISO 8601 with an offset) are in the future. Default: the system clock."),
]


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="CSV, Parquet or JSON lines; .gz too.")],
    mapping: Annotated[str, typer.Option(help="A mapping file, or the name of a shipped one (see 'mappings').")],
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Import files. Safe to repeat: rows that are in the history already count as duplicates.

    A run that was killed goes on where it stopped when the same command is given again. Rows that cannot be used go to
    .strata/quarantine with their reason; read = accepted + duplicate + quarantined.
    """
    _import_all([(path, mapping) for path in paths], now, as_json)


@app.command("import-demo")
def import_demo(now: Now = None, as_json: Json = False) -> None:
    """Import Complete Journey: a year of purchases, coupon redemptions and demographics of 2,469 households.

    Under a replay clock only what happened up to its anchor: the rest of the year comes live (strata stream
    feed-demo), and its rows are kept out as future_time.
    """
    from strata.clock import format_instant
    from strata.settings import load_settings
    from streaming.demo import demo_ends_us, demo_sources

    anchor_us = None if now else demo_ends_us(load_settings().make_clock())
    _import_all(demo_sources(), format_instant(anchor_us) if anchor_us is not None else now, as_json)
    if anchor_us is not None and not as_json:
        typer.echo(f"what happened after {format_instant(anchor_us)} comes live: strata stream feed-demo")


@app.command()
def stats(as_json: Json = False) -> None:
    """Show what the history holds, by event type."""
    from strata.settings import load_settings
    from streaming.history import History
    from streaming.show import stats_table
    from streaming.stats import history_stats

    found = history_stats(History(load_settings().history))
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
    else:
        _print_wide(stats_table(found))


@app.command()
def mappings() -> None:
    """List the shipped mappings; each is a file to copy and change."""
    from streaming.mapping.load import load_mapping, shipped_mappings

    for name, path in shipped_mappings().items():
        typer.echo(f"{name:<32}{load_mapping(name).mapping.description}\n{'':<32}{path}")


def _import_all(sources: list[tuple[Path, str]], now: str | None, as_json: bool) -> None:
    from strata.clock import parse_instant, system_us
    from strata.settings import load_settings
    from streaming.importing import Imported, ImportStopped, import_file
    from streaming.mapping.load import load_mapping
    from streaming.show import import_json, import_table, notes, progress_bar

    home = load_settings().home
    now_us = parse_instant(now) if now else system_us()
    loaded = [(path, load_mapping(name)) for path, name in sources]
    done: list[tuple[str, Imported, float]] = []
    for path, mapping in loaded:
        began = time.monotonic()
        try:
            with progress_bar(path.name) as report:
                imported = import_file(path, mapping, home, now_us, report=report)
        except ImportStopped as stop:
            typer.echo(f"{path.name}: {stop}", err=True)
            raise typer.Exit(130) from None
        done.append((path.name, imported, time.monotonic() - began))
    if as_json:
        typer.echo(json.dumps({"imports": [import_json(*entry) for entry in done]}, indent=2))
        return
    _print_wide(import_table(done))
    for name, imported, _ in done:
        for note in notes(name, imported):
            typer.echo(note)


def _print_wide(table: object) -> None:
    """Print a table; one that is sent to a file or a pipe is not squeezed into 80 columns."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print(table)
