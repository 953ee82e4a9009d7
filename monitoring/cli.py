"""`strata monitor`: drift reports, their page, and a check of the method itself. Exit codes are part of the promise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Drift reports from the prediction log, and the page that shows them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
)

JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the result as JSON; keys in docs/monitoring.md.")]


@app.command()
def report(  # noqa: PLR0917 - Typer passes every option by name
    segmenter: Annotated[str | None, typer.Argument(help="One segmenter; without it, every configured one.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every configured segmenter (the default).")] = False,
    since: Annotated[str | None, typer.Option(help="From this instant (ISO 8601 with offset, platform time).")] = None,
    until: Annotated[str | None, typer.Option(help="Up to, not including, this instant.")] = None,
    last: Annotated[
        str | None, typer.Option(help="Back from the newest row or now: 30m, 24h, 7d. Default 24h.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="Another version than the live one.")] = None,
    json_file: JsonFile = None,
    out: Annotated[Path | None, typer.Option(help="Folder for reports; default: `reports` in the home.")] = None,
    rows: Annotated[int, typer.Option(min=100, max=20_000, help="Compare at most this many users.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the sample.")] = 0,
    keep: Annotated[int, typer.Option(min=1, help="Reports kept per segmenter; older ones are removed.")] = 50,
) -> None:
    """Compare the prediction log with the reference each version was accepted with.

    Exit codes: **0** no drift (or too little to judge, said in words), **3** drift found, **2** bad input or a log
    of another shape, **1** failure.
    """
    from monitoring.report.many import Order, end_on_sigterm, report_many

    end_on_sigterm()
    order = Order(segmenter, all_, since, until, last, version, out, rows, seed, keep)
    raise typer.Exit(report_many(order, json_file))


@app.command()
def calibrate(
    segmenter: Annotated[str, typer.Argument(help="Whose reference to use.")],
    halves: Annotated[int, typer.Option(min=1, max=10_000, help="Random halves to compare.")] = 20,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    json_file: JsonFile = None,
) -> None:
    """Show what the method does on this reference: false alarms over random halves, and planted shifts it finds."""
    from monitoring.calibration import print_calibration

    print_calibration(segmenter, halves, seed, json_file)


@app.command()
def serve(
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Default: `monitor.port` of the settings.")
    ] = None,
    every: Annotated[
        str | None, typer.Option(help="Also make reports this often: 30m, 1h, 1d. Default: `monitor.report_every`.")
    ] = None,
    last: Annotated[str, typer.Option(help="The window of those reports.")] = "24h",
) -> None:
    """Serve reports, evaluation pages, /healthz and /metrics on loopback until interrupted."""
    from monitoring.page.serve import serve_pages

    serve_pages(port, every, last)
