"""Reports for the command line: one segmenter or all, a table for people, JSON for programs."""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from monitoring.report.publish import write_json
from monitoring.report.run import Outcome, Request, run_report
from monitoring.report.window import Window, parse_window
from monitoring.summary.words import METHOD_WORDS
from strata.errors import InputInvalid, StrataError
from strata.faults import explain
from strata.settings import Settings, load_settings

SEVEREST_FIRST = (1, 2, 3, 0)


@dataclass(frozen=True)
class Order:
    """The command line."""

    segmenter: str | None
    every_one: bool
    since: str | None
    until: str | None
    last: str | None
    version: str | None
    out: Path | None
    rows: int
    seed: int
    keep: int


def report_many(order: Order, json_file: Path | None) -> int:
    """Make the reports and say what came out; the exit code of the severest: failure, bad input, drift, none."""
    window = parse_window(order.since, order.until, order.last)
    settings = load_settings()
    names = _names(order, settings)
    console = Console(stderr=True, soft_wrap=True)
    outcomes: list[Outcome] = []
    codes: list[int] = []
    for name in names:
        with console.status(f"reading the prediction log of {name}"):
            outcome = _attempt(order, settings, window, name)
        if isinstance(outcome, Outcome):
            outcomes.append(outcome)
            codes.append(outcome.exit_code)
            _show(outcome)
        else:
            if len(names) == 1:
                raise outcome
            sentence, code = explain(outcome)
            console.print(f"{name}: {sentence}", style="red", markup=False)
            codes.append(code)
    if json_file is not None:
        documents: list[dict[str, Any]] = [outcome.document for outcome in outcomes]
        write_json(json_file, documents[0] if order.segmenter and documents else {"reports": documents})
    return next(code for code in SEVEREST_FIRST if code in codes)


def end_on_sigterm() -> None:
    """Let SIGTERM unwind the stack, so that a report under way removes its pending folder."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def _names(order: Order, settings: Settings) -> list[str]:
    if order.segmenter is None:
        if order.version is not None:
            raise InputInvalid("--version needs a segmenter: strata monitor report NAME --version VERSION")
        return sorted(settings.segmenters)
    if order.every_one:
        raise InputInvalid("name a segmenter or give --all, not both")
    return [order.segmenter]


def _attempt(order: Order, settings: Settings, window: Window, name: str) -> Outcome | StrataError:
    out = order.out or settings.reports
    request = Request(name, window, out.resolve(), order.version, order.rows, order.seed, keep=order.keep)
    try:
        return run_report(settings, request)
    except StrataError as error:
        return error


def _show(outcome: Outcome) -> None:
    document = outcome.document
    console = Console(soft_wrap=True)
    console.print(
        f"[bold]{document['segmenter']}[/bold] {document['version']}: {document['sentence']}", highlight=False
    )
    drifted = [column for column in document["columns"] if column["status"] == "drift"]
    if drifted:
        console.print(_table(drifted))
    console.print(f"  page: {outcome.folder / 'summary.html'}", highlight=False, style="dim")


def _table(columns: list[dict[str, Any]]) -> Table:
    table = Table("column", "found by", "statistic", "threshold", "why")
    for column in columns:
        for check in column["checks"]:
            if check["drifted"]:
                cells = (f"{check['statistic']:.3f}", f"{check['threshold']:.3f}", check["reason"])
                table.add_row(column["column"], METHOD_WORDS[check["method"]], *cells)
    return table
