"""`strata train` and `strata packages`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from strata.clock import parse_instant
from strata.errors import InputInvalid, StrataError
from strata.runtime import find_package, list_segmenters, list_versions, load_package
from strata.settings import Settings, load_settings
from training.tune.cli import tune_package

HOUR_US = 3_600_000_000

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
packages_app = typer.Typer(no_args_is_help=True, add_completion=False, help="List, show and verify trained versions.")
app.add_typer(packages_app, name="packages")
packages_app.command("tune")(tune_package)

JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures as JSON.")]


@app.command()
def train(
    name: Annotated[str | None, typer.Argument(help="A file of training/segmenters, without .yaml.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Train every declared segmenter.")] = False,
    as_of: Annotated[str | None, typer.Option(help="ISO 8601 instant; the platform's clock by default.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Fit a segmenter on what was known by the platform's clock, judge it, and store a package.

    The instant is the clock's, rounded down to the hour, so that training again within the hour on the same history
    gives the same version. Ends with the figures and where the evaluation page is.
    """
    from training.definition import list_definitions, load_definition

    if (name is None) != every:
        raise InputInvalid(f"name one segmenter or give --all; declared: {', '.join(list_definitions())}")
    definitions = [load_definition(one) for one in (list_definitions() if name is None else [name])]
    settings = load_settings()
    as_of_us = parse_instant(as_of) if as_of else settings.make_clock().now_us() // HOUR_US * HOUR_US
    console = Console()
    results = [_train_one(definition, settings, as_of_us, console) for definition in definitions]
    if json_file is not None:
        json_file.write_text(json.dumps({"trained": results}, indent=1) + "\n", encoding="utf-8")


def _train_one(definition: Any, settings: Settings, as_of_us: int, console: Console) -> dict[str, Any]:
    from strata.registry import read_catalog
    from training.history import History
    from training.produce import Sources, produce
    from training.reader import FeastReader

    reader = FeastReader(settings, read_catalog(settings.registry))
    began = time.perf_counter()
    with console.status(f"{definition.name}: starting") as status:
        made = produce(
            definition,
            Sources(reader, History(settings.history)),
            packages=settings.packages,
            as_of_us=as_of_us,
            progress=lambda stage: status.update(f"{definition.name}: {stage}"),
        )
    seconds = time.perf_counter() - began
    console.print(f"{definition.name} {made.manifest.version}, {made.rows:,} rows, {seconds:.1f} s")
    for line in made.evaluation.headline:
        console.print(f"  {line}", highlight=False)
    console.print(f"  page: {made.folder / 'evaluation.html'}", soft_wrap=True, highlight=False)
    _record(definition, made, settings, console)
    return {
        "segmenter": definition.name,
        "version": made.manifest.version,
        "folder": str(made.folder),
        "rows": made.rows,
        "seconds": round(seconds, 3),
        "metrics": made.manifest.metrics,
    }


def _record(definition: Any, made: Any, settings: Settings, console: Console) -> None:
    """In MLflow, where it is configured; a stored version that could not be recorded is a warning."""
    from training.report.judged import Judged
    from training.report.tracking import track

    judged = Judged(made.manifest, made.evaluation, definition.seed)
    if warning := track(definition, judged, made.folder, settings.tracking):
        console.print(f"  warning: {warning}", soft_wrap=True, highlight=False, markup=False)


@packages_app.command("list")
def list_packages(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Every stored version, and which was trained last."""
    packages = load_settings().packages
    rows = [
        {"segmenter": name, "version": version, "latest": version == _latest(packages, name)}
        for name in list_segmenters(packages)
        for version in list_versions(packages, name)
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    table = Table("segmenter", "version", "trained last")
    for row in rows:
        table.add_row(str(row["segmenter"]), str(row["version"]), "yes" if row["latest"] else "")
    Console().print(table if rows else "No package yet; run: strata train --all")


@packages_app.command("show")
def show_package(
    name: str,
    version: Annotated[str, typer.Argument(help="An exact version, or latest.")] = "latest",
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest.")] = False,
) -> None:
    """What one version is: vocabulary, features, figures."""
    folder = find_package(load_settings().packages, name, version)
    manifest = load_package(folder).manifest
    if as_json:
        typer.echo(manifest.to_json().decode())
        return
    console = Console(highlight=False)
    console.print(f"{manifest.segmenter} {manifest.version} ({manifest.algorithm}): {manifest.description}")
    console.print(f"reads {manifest.feature_service}: {len(manifest.features)} features; made at {manifest.created_at}")
    table = Table("segment", "label", "description")
    for entry in manifest.vocabulary:
        table.add_row(entry.key, entry.label, entry.description)
    console.print(table)
    for metric, value in manifest.metrics.items():
        console.print(f"  {metric}: {value:.4f}")
    console.print(f"  page: {folder / 'evaluation.html'}", soft_wrap=True)


@packages_app.command("verify")
def verify_packages(
    name: Annotated[str | None, typer.Argument(help="One segmenter; all by default.")] = None,
) -> None:
    """Check every file of every version against its manifest, and the latest ones against the registry."""
    from strata.registry import read_catalog
    from strata.runtime import check_against

    settings = load_settings()
    faults = 0
    catalog = read_catalog(settings.registry) if settings.registry.exists() else None
    for segmenter in list_segmenters(settings.packages) if name is None else [name]:
        latest = find_package(settings.packages, segmenter)
        for version in list_versions(settings.packages, segmenter):
            folder = settings.packages / segmenter / version
            try:
                manifest = load_package(folder).manifest
                if folder == latest and catalog is not None:
                    check_against(manifest, catalog)
            except StrataError as error:
                faults += 1
                typer.echo(f"{segmenter} {version}: {error}", err=True)
            else:
                typer.echo(f"{segmenter} {version}: sound")
    if faults:
        raise typer.Exit(1)


def _latest(packages: Path, name: str) -> str | None:
    try:
        return find_package(packages, name).name
    except StrataError:
        return None
