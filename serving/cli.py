"""`strata serve`."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="The gRPC gateway.", no_args_is_help=True)


@app.callback()
def _serving() -> None:
    """The gRPC gateway."""


@app.command()
def serve(
    port: Annotated[int | None, typer.Option(help="gRPC port; 0 takes a free one. Default: settings.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Port of /metrics. Default: settings.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes; 0 is one per core. Default: settings.")] = None,
) -> None:
    """Serve SegmentationService until Ctrl-C or SIGTERM.

    Prints one line when every worker answers: ready grpc=HOST:PORT metrics=HOST:PORT workers=N. Logs are JSON lines on
    standard error. The store, the registry and the packages must be there: strata up prepares the demonstration's.
    """
    from serving.gateway import run_gateway
    from strata.settings import load_settings

    settings = load_settings()
    chosen = {"port": port, "metrics_port": metrics_port, "workers": workers}
    gateway = settings.gateway.model_copy(update={key: value for key, value in chosen.items() if value is not None})
    run_gateway(settings.model_copy(update={"gateway": gateway}))
