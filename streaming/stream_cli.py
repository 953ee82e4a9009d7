"""`strata stream`: live events."""

from __future__ import annotations

import typer

from streaming.live_cli import app as live

app = typer.Typer(
    help="Take live events, fold them into the online state, publish them.",
    no_args_is_help=True, add_completion=False, rich_markup_mode=None,
)  # fmt: skip


@app.command()
def run() -> None:
    """Take events over gRPC, keep them in the log, fold them into the state and write them to the history.

    Prints one line when it takes events: ready events=HOST:PORT metrics=HOST:PORT. Ends on Ctrl-C or SIGTERM with
    everything acknowledged in the log and everything folded in the history. With log.kind: kafka several may run;
    each folds its share of the partitions. Settings: `strata settings` under stream and log.
    """
    from strata.settings import load_settings
    from streaming.stream_process import run_stream

    run_stream(load_settings())


app.registered_commands += live.registered_commands
