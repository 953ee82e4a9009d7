"""`strata bento`: packages as Bentos, and a server for one of them."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from strata.errors import SettingsInvalid
from strata.runtime import find_package
from strata.settings import Settings, load_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Version = Annotated[str | None, typer.Option("--version", help="An exact version; the settings' by default.")]


@app.command()
def build(
    name: Annotated[str, typer.Argument(help="A trained segmenter.")],
    version: Version = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Save a package as a BentoML model and build its Bento; nothing is done when both are there."""
    from serving.bento.build import build_bento

    settings = load_settings()
    tag = build_bento(settings, find_package(settings.packages, name, version or _wanted(settings, name)))
    typer.echo(json.dumps({"bento": tag, "home": str(settings.bentoml_home)}) if as_json else f"Bento {tag}")


@app.command()
def serve(
    name: Annotated[str | None, typer.Argument(help="A trained segmenter; by default the remote one.")] = None,
    version: Version = None,
) -> None:
    """Serve one Bento over HTTP and gRPC, building it first when it is not there. Ends on SIGTERM and Ctrl-C."""
    from serving.bento.build import build_bento
    from serving.bento.launch import serve_bento

    settings = load_settings()
    chosen = name or _remote(settings)
    folder = find_package(settings.packages, chosen, version or _wanted(settings, chosen))
    serve_bento(settings, build_bento(settings, folder))


def _wanted(settings: Settings, name: str) -> str:
    return settings.segmenters[name].version if name in settings.segmenters else "latest"


def _remote(settings: Settings) -> str:
    remote = [name for name, segmenter in settings.segmenters.items() if segmenter.placement == "remote"]
    if len(remote) != 1:
        raise SettingsInvalid(f"{len(remote)} segmenters are remote ({', '.join(remote)}); name the one to serve")
    return remote[0]
