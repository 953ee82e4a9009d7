"""`strata features`: apply, materialize, list, parity."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from feature_repo.parity.summary import summary
from strata.clock import format_instant, parse_instant
from strata.features.kernel import implementation
from strata.processes import words
from strata.settings import load_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Feature definitions: apply them, build their online rows, list them, prove them.",
)

MOST_LIVE_PAIRS = 1_000
JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures as JSON.")]


@app.command()
def apply() -> None:
    """Bring Feast's registry up to the definitions. Applying again changes nothing.

    A view that is no longer defined is removed, and its online rows with it. A changed view reads as missing until
    it is materialised again.
    """
    from feature_repo.apply import apply_definitions

    settings, console = load_settings(), Console()
    with console.status("reading the definitions"):
        changes = apply_definitions(settings)
    for verb, names in (("added", changes.added), ("changed", changes.changed), ("removed", changes.removed)):
        for name in names:
            console.print(f"{verb} {name}", highlight=False)
    for name, why in changes.refused.items():
        console.print(f"no segmenter can read {name}: {why}", highlight=False)
    if not changes:
        console.print(f"nothing to do: all {changes.unchanged} definitions are in {settings.registry}", highlight=False)
    elif any(name.startswith("view ") for name in (*changes.added, *changes.changed)):
        console.print("next: strata features materialize", highlight=False)


@app.command()
def materialize(
    views: Annotated[list[str] | None, typer.Argument(help="Views to build; all by default.")] = None,
    until: Annotated[str | None, typer.Option(help="ISO 8601 instant; the platform's clock by default.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Build online rows from the history, up to the platform's clock.

    The rows of a history's windowed views are built whole beside those being read, then swapped in: readers never see
    half of them. While a stream worker runs it catches them up with the log and swaps them in itself. Under a replay
    clock what happens later in the history stays out.
    """
    from feature_repo.feast_import import import_feast

    settings, console = load_settings(), Console()
    import_feast()  # before anything that names it at its own import
    from feature_repo.materialize import materialize as run

    with _bars(console) as bars:
        task: dict[str, Any] = {}

        def progress(view: str, done: int, total: int) -> None:
            if view not in task:
                task[view] = bars.add_task(view, total=total)
            bars.update(task[view], completed=done, total=total)

        def waiting(seconds: float) -> None:
            label = "waiting for the stream worker to catch up and flip"
            if label not in task:
                task[label] = bars.add_task(label, total=None)
            bars.update(task[label], completed=seconds)

        built = run(settings, views or None, parse_instant(until) if until else None, progress, waiting)
    table = Table("view", "rows written", "up to", "seconds", box=None)
    for one in built:
        table.add_row(one.view, f"{one.rows:,}", format_instant(one.watermark_us), f"{one.seconds:.1f}")
    console.print(table)
    _write(json_file, {"views": [one.to_json() for one in built]})


@app.command(name="list")
def list_features(json_file: JsonFile = None) -> None:
    """The feature services, their views, and what each feature means. Reads the registry alone."""
    from feature_repo.listing import list_catalog
    from strata.registry import read_catalog

    listing = list_catalog(read_catalog(load_settings().registry))
    console = Console()
    for service, keys in listing["services"].items():
        console.print(f"service {service}: {len(keys)} features", highlight=False)
    for view in listing["views"]:
        table = Table(
            "feature", "type", "meaning", title=f"{view['name']} ({view['kind']})", title_justify="left", box=None
        )
        for feature in view["features"]:
            table.add_row(feature["name"], feature["dtype"], feature["meaning"])
        console.print()
        console.print(table)
    for name, why in listing["refused"].items():
        console.print(f"\nnot for segmenters, {name}: {why}", highlight=False)
    _write(json_file, listing)


@app.command()
def parity(  # noqa: PLR0917 - one parameter per option
    pairs: Annotated[int, typer.Option(min=1, help="How many (user, instant) pairs to compare.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed over the same history gives the same comparison.")] = 7,
    oracle: Annotated[str, typer.Option(metavar="N|all", help="Pairs the plain-Python oracle is asked about.")] = "all",
    history: Annotated[Path | None, typer.Option(help="Compare over another home's history.")] = None,
    shuffle: Annotated[bool, typer.Option("--shuffle", help="Events come in out of order, within H.")] = False,
    duplicates: Annotated[float, typer.Option(min=0, max=1, help="Share of events sent twice.")] = 0.0,
    late: Annotated[float, typer.Option(min=0, max=1, help="Share recorded a day to H after they happened.")] = 0.0,
    too_late: Annotated[float, typer.Option(min=0, max=1, help="Share recorded beyond H.")] = 0.0,
    restarts: Annotated[int, typer.Option(min=0, help="Restarts of each replay, from an earlier position.")] = 0,
    live: Annotated[bool, typer.Option("--live", help="Compare the online state at now, instead of a replay.")] = False,
    every: Annotated[str | None, typer.Option(help="With --live: again and again, like 60s or 5m.")] = None,
    metrics_file: Annotated[Path | None, typer.Option(help="With --live: also write Prometheus text.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Prove that online, offline and a plain-Python oracle give the same value, bit for bit.

    Samples instants over the history, many on event times and on window and tile edges, and compares every windowed
    feature. Exits with 1 when anything differs, and shows the first case of each feature with its events. Goes on
    where an interrupted run of the same question ended.
    """
    settings, console = load_settings(), Console()
    if live:
        from feature_repo.parity.live_run import run_live

        users = min(pairs, MOST_LIVE_PAIRS)
        files = {"metrics_file": metrics_file, "json_file": json_file}
        # Again and again is the work of a child of `strata up`, whose standard output may be a log on a full disk.
        tell = console.print if every is None else words.say
        if not run_live(settings, users, seed, every=every, say=tell, **files):
            raise typer.Exit(1)
        return
    from feature_repo.parity.measure import Question, measure_parity
    from feature_repo.parity.perturb import Perturbation

    known = None if oracle == "all" else _whole(oracle)
    how = Perturbation(shuffle, duplicates, late, too_late, restarts)
    began = time.perf_counter()
    with _bars(console) as bars:
        task = bars.add_task("online, offline, oracle", total=pairs)
        question = Question(pairs, seed, known, how, history)
        outcome = measure_parity(settings, question, lambda more: bars.advance(task, more))
    seconds = time.perf_counter() - began
    for line in summary(outcome, seconds):
        console.print(line, highlight=False)
    document = {**outcome.to_json(), "seed": seed, "perturbation": asdict(how), "elapsed_s": round(seconds, 1)}
    _write(json_file, {**document, "kernel": implementation()})
    if not outcome.holds:
        raise typer.Exit(1)


def _whole(text: str) -> int:
    if not text.isdecimal():
        raise typer.BadParameter(f"--oracle is a number of pairs or 'all', not {text!r}")
    return int(text)


def _bars(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


def _write(path: Path | None, document: dict[str, Any]) -> None:
    if path is not None:
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
