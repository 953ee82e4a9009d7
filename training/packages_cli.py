"""`strata packages`."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from strata.errors import StrataError
from strata.runtime import list_segmenters, list_versions, load_package
from strata.runtime.store import latest_version
from strata.settings import load_settings
from training.journal import Journal
from training.stored import asked_version, check_trained
from training.tune.cli import tune_package

packages_app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="List, show, verify, accept and tune trained versions."
)
packages_app.command("tune")(tune_package)


@packages_app.command("list")
def list_packages(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Every stored version, what was decided about it, and which was accepted last."""
    settings = load_settings()
    packages, journal = settings.packages, Journal(settings.trainings)
    rows = []
    for name in list_segmenters(packages):
        latest, decided = latest_version(packages, name), journal.decisions(name)
        for version in list_versions(packages, name):
            decision = decided.get(version, "")
            rows.append({"segmenter": name, "version": version, "latest": version == latest, "decision": decision})
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    table = Table("segmenter", "version", "decided", "accepted last")
    for row in rows:
        table.add_row(str(row["segmenter"]), str(row["version"]), str(row["decision"]), "yes" if row["latest"] else "")
    Console().print(table if rows else "No package yet; run: strata train --all")


@packages_app.command("show")
def show_package(
    name: str,
    version: Annotated[str, typer.Argument(help="An exact version, or latest.")] = "latest",
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest.")] = False,
) -> None:
    """What one version is: vocabulary, features, figures."""
    folder = asked_version(load_settings().packages, name, version)
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


@packages_app.command("accept")
def accept_package(
    name: str,
    version: Annotated[str, typer.Argument(help="A version that was held.")],
    why: Annotated[str, typer.Option("--why", help="For the journal.")],
    who: Annotated[str | None, typer.Option("--who", help="By default USER@HOST.")] = None,
) -> None:
    """Accept a version that its gates held: `latest` means it from now on. Nothing that is served changes."""
    from training.acceptance import accept

    settings = load_settings()
    entry = accept(settings.packages, Journal(settings.trainings), name, version, why=why, who=who)
    typer.echo(f"{name} {entry['version']} is accepted by {entry['who']}: {why}")
    typer.echo(f"to have it answer: strata release promote {name} {entry['version']} --why ...")


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
    if name is not None:
        check_trained(settings.packages, name)
    for segmenter in list_segmenters(settings.packages) if name is None else [name]:
        latest = latest_version(settings.packages, segmenter)
        for version in list_versions(settings.packages, segmenter):
            folder = settings.packages / segmenter / version
            try:
                manifest = load_package(folder).manifest
                if version == latest and catalog is not None:
                    check_against(manifest, catalog)
            except StrataError as error:
                faults += 1
                typer.echo(f"{segmenter} {version}: {error}", err=True)
            else:
                typer.echo(f"{segmenter} {version}: sound")
    if faults:
        raise typer.Exit(1)
