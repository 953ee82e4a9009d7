"""`strata bento`: packages as Bentos, a server for one of them, or for each that a release names."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from strata.errors import SettingsInvalid
from strata.release import live_version
from strata.settings import Settings, load_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Version = Annotated[str | None, typer.Option("--version", help="An exact version; by default the live one.")]


@app.command()
def build(
    name: Annotated[str, typer.Argument(help="A trained segmenter.")],
    version: Version = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Save a package as a BentoML model and build its Bento; nothing is done when both are there."""
    from serving.bento.build import build_bento
    from strata.runtime import find_package

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
    from strata.runtime import find_package

    settings = load_settings()
    chosen = name or _remote(settings)
    folder = find_package(settings.packages, chosen, version or _wanted(settings, chosen))
    serve_bento(settings, build_bento(settings, folder))


@app.command()
def follow(
    name: Annotated[str | None, typer.Argument(help="A trained segmenter; by default the remote one.")] = None,
) -> None:
    """Serve every version the release names, each by a Bento server of its own, until SIGTERM or Ctrl-C.

    Live, canary, shadow and previous versions come and go with the release; before the first one it serves the
    version the settings mean. A version that is no longer named stays for 10 seconds: a rollback finds it running.

    The first version listens on bento.http_port and bento.grpc_port, others on free ports; a file for each that
    answers, .strata/run/bentos/NAME-VERSION.json, tells gateways where. Servers log to
    .strata/run/bento-NAME-VERSION.log, this command as JSON lines to standard error. One that dies is started again
    on its ports, one that cannot be served is tried every 30 seconds; neither touches the others.
    """
    from serving.follow.run import follow as follow_release

    settings = load_settings()
    follow_release(settings, name or _remote(settings))


def _wanted(settings: Settings, name: str) -> str:
    """The version that is live, else the one the settings mean."""
    configured = settings.segmenters[name].version if name in settings.segmenters else "latest"
    return live_version(settings.releases, name, configured)


def _remote(settings: Settings) -> str:
    remote = [name for name, segmenter in settings.segmenters.items() if segmenter.placement == "remote"]
    if len(remote) != 1:
        raise SettingsInvalid(f"{len(remote)} segmenters are remote ({', '.join(remote)}); name the one to serve")
    return remote[0]
