"""`strata top`: a live view in a terminal, one frame, or one JSON document."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from strata.errors import SettingsInvalid

if TYPE_CHECKING:
    from strata.command.top.platform import Addresses, Platform
    from strata.settings import Settings

Address = Annotated[str, typer.Option(help="HOST:PORT of its metrics page. Default: settings.")]


def top(
    once: Annotated[bool, typer.Option("--once", help="Print one frame and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON document.")] = False,
    *,
    interval: Annotated[float, typer.Option(help="Seconds between two looks.", min=0.2, max=60)] = 2.0,
    gateway: Address = "",
    stream: Address = "",
    monitor: Address = "",
) -> None:
    """Show what a running platform does: rates and latency by method and stage, sources and ages of answers, workers,
    events, reports. Everything is of the last interval but what says otherwise.

    Ctrl-C ends it. Without a terminal it prints one frame.
    """
    from rich.console import Console

    from strata.command.top.platform import Platform
    from strata.command.top.view import render
    from strata.settings import load_settings

    platform = Platform(_addresses(load_settings(), gateway, stream, monitor))
    if not (once or as_json) and sys.stdout.isatty():
        _live(platform, interval)
        return
    time.sleep(interval)
    frame = platform.frame()
    if as_json:
        print(json.dumps(frame, indent=1))
    else:
        # A pipe has no width: lines are left whole for whatever reads them.
        Console(highlight=False, width=None if sys.stdout.isatty() else 120).print(render(frame))


def _live(platform: Platform, interval_s: float) -> None:
    """Until Ctrl-C; a gateway that goes away is said and waited for."""
    from rich.live import Live
    from rich.text import Text

    from strata.command.top.platform import NothingRunsError
    from strata.command.top.view import render

    with Live(Text("looking ..."), screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(interval_s)
            try:
                shown = render(platform.frame())
            except NothingRunsError as gone:
                shown = Text(str(gone), style="red")
            live.update(shown, refresh=True)


def _addresses(settings: Settings, gateway: str, stream: str, monitor: str) -> Addresses:
    from strata.command.top.platform import Addresses

    if not gateway and not settings.gateway.metrics_port:
        raise SettingsInvalid("gateway.metrics_port is 0, any free one: say --gateway HOST:PORT as the ready line does")
    return Addresses(
        gateway or f"{settings.gateway.host}:{settings.gateway.metrics_port}",
        stream or f"{settings.stream.host}:{settings.stream.metrics_port}",
        monitor or f"{settings.monitor.host}:{settings.monitor.port}",
    )
