"""`strata up`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def up(
    prepare_only: Annotated[bool, typer.Option("--prepare-only", help="Prepare the home and leave.")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write what the start cost (keys: docs/operations.md).")
    ] = None,
) -> None:
    """Prepare what is missing, start the platform, and keep it alive until Ctrl-C.

    Prints one line when it truly serves: ready grpc=HOST:PORT metrics=HOST:PORT reports=HOST:PORT

    The preparation is the demonstration's: a year of purchases, features, two trained segmenters. What is done
    already is skipped, and what was under way when a run was killed is taken up again. Progress goes to standard
    error; what the servers print goes to logs under the home (.strata/run).
    """
    from strata.command.up.platform import run_platform
    from strata.settings import load_settings

    code = run_platform(load_settings(), prepare_only=prepare_only, figures_file=json_file)
    sys.stdout.flush()
    raise typer.Exit(code)
