"""`strata lab`: algorithms side by side, quality under published protocols, a million users, planted leaks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from strata.clock import parse_instant
from strata.errors import InputInvalid
from strata.settings import load_settings
from training.figures_file import JsonFile, write_figures

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, help=__doc__)

Data = Annotated[Path, typer.Option("--data", metavar="FOLDER", help="Where the tables of docs/lab.md are.")]
WIDTH: Final = 160
DATA: Final = Path("../shared/data")
HOUR_US: Final = 3_600_000_000


@app.command()
def algorithms(
    data: Data = DATA,
    only: Annotated[str, typer.Option(help="ALGORITHM, or ALGORITHM@TABLE; several with commas.")] = "",
    json_file: JsonFile = None,
) -> None:
    """Every algorithm end to end on Complete Journey and on its further tables, each in a process of its own.

    Quality with its interval, training time, peak memory, package size, latency, and how far the export is from the
    library that trained it. Ends with 1 when an export gives another segment or a score farther than 1e-6.
    """
    from training.lab.data_sets import check_files
    from training.lab.isolated import run_alone
    from training.lab.show import algorithms_table
    from training.lab.subjects import subjects

    asked = _named(only, {name for each in subjects() for name in (each.name, each.algorithm)})
    wanted = [each for each in subjects() if not asked or {each.name, each.algorithm} & asked]
    check_files(data, [each.table for each in wanted])
    console, results = _console(), list[dict[str, Any]]()
    for number, each in enumerate(wanted, 1):
        console.print(f"{number} of {len(wanted)}: {each.name}")
        results.append(run_alone("training.lab.subject", each.algorithm, each.table, str(data.resolve())))
    console.print(algorithms_table(results))
    write_figures(json_file, {"subjects": results})
    if any(each["export_segments_differ"] or each["export_difference"] > 1e-6 for each in results):
        raise typer.Exit(1)


@app.command()
def quality(
    data: Data = DATA,
    trials: Annotated[int, typer.Option(min=1, max=1_000, help="Of each search.")] = 12,
    only: Annotated[str, typer.Option(help="online_shoppers or adult.")] = "",
    json_file: JsonFile = None,
) -> None:
    """Quality under protocols that others published figures with; ends with 1 below 0.93 and 0.87.

    Online Shoppers: ROC AUC in nested, grouped 10-fold. Adult: accuracy on the published test split. A killed one goes
    on with the trial it was in.
    """
    from training.lab.data_sets import check_files
    from training.lab.isolated import run_alone
    from training.lab.published import FLOORS
    from training.lab.show import quality_table

    asked = _named(only, set(FLOORS))
    wanted = [each for each in FLOORS if not asked or each in asked]
    check_files(data, wanted)
    scratch = load_settings().home / "lab"
    console, results = _console(), list[dict[str, Any]]()
    for each in wanted:
        console.print(each)
        results.append(run_alone("training.lab.published", each, str(data.resolve()), str(scratch), str(trials)))
    console.print(quality_table(results))
    for found in results:
        console.print(f"{found['table']}: published: {found['published']}")
    write_figures(json_file, {"tables": results})
    if not all(found["reached"] for found in results):
        raise typer.Exit(1)


@app.command()
def scale(
    users: Annotated[int, typer.Option(min=10_000, max=10_000_000)] = 1_000_000,
    features: Annotated[int, typer.Option(min=12, max=1_000)] = 60,
    threads: Annotated[int, typer.Option(min=1, max=64)] = 2,
    only: Annotated[str, typer.Option(help="kmeans, minibatch_kmeans or lightgbm; several with commas.")] = "",
    json_file: JsonFile = None,
) -> None:
    """k-means, mini-batch k-means and LightGBM on simulated users, each in a process of its own.

    Interrupted, it goes on where it stopped when the same is asked again.
    """
    from training.lab.isolated import run_alone
    from training.lab.scale import ALGORITHMS
    from training.lab.show import scale_table

    asked = _named(only, set(ALGORITHMS))
    wanted = [each for each in ALGORITHMS if not asked or each in asked]
    scratch = load_settings().home / "lab"
    console, results = _console(), list[dict[str, Any]]()
    for each in wanted:
        console.print(f"{each}: {users:,} users, {features} features")
        told = (each, str(users), str(features), str(scratch))
        results.append(run_alone("training.lab.scale", *told, threads=threads))
        console.print(f"  {results[-1]['training_s']:,.0f} s, {results[-1]['peak_memory_mb']:,.0f} MB")
    console.print(scale_table(results))
    write_figures(json_file, {"algorithms": results})


@app.command()
def leaks(
    name: Annotated[str, typer.Argument(help="A supervised file of training/segmenters, without .yaml.")] = (
        "promo_responder"
    ),
    as_of: Annotated[str | None, typer.Option(help="ISO 8601 instant; the platform's clock by default.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Leaks planted in a training on this history: each check without its leak, and with it.

    Ends with 1 when a check misses what is planted, or finds something where nothing is.
    """
    from strata.registry import read_catalog
    from training.definition import load_definition
    from training.history import History
    from training.lab.planted import plant_leaks
    from training.lab.show import leaks_table
    from training.reader import FeastReader

    definition, settings = load_definition(name), load_settings()
    if not definition.supervised:
        raise InputInvalid(
            f"{name} has no label, and a leak is what a label is known by too early; name a supervised one"
        )
    as_of_us = parse_instant(as_of) if as_of else settings.make_clock().now_us() // HOUR_US * HOUR_US
    reader = FeastReader(settings, read_catalog(settings.registry))
    console = _console()
    found = plant_leaks(definition, reader, History(settings.history), as_of_us, console.print)
    console.print(leaks_table(found))
    write_figures(json_file, {"leaks": [each.to_json() for each in found]})
    if not all(each.caught for each in found):
        raise typer.Exit(1)


def _console() -> Console:
    """Wide enough for a table where there is no terminal to ask."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


def _named(only: str, known: set[str]) -> set[str]:
    """What a list of names asks for; nothing where it is empty. Raises InputInvalid for one that is none of them."""
    asked = set(filter(None, only.split(",")))
    if unknown := sorted(asked - known):
        raise InputInvalid(f"--only {', '.join(map(repr, unknown))} names none of {', '.join(sorted(known))}")
    return asked
