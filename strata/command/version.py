"""`strata version`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

DISTRIBUTION = "strata-segments"


def version(as_json: Annotated[bool, typer.Option("--json", help="For a program: an object.")] = False) -> None:
    """Print the version of Strata."""
    import platform
    from importlib.metadata import version as installed

    found = {"strata": installed(DISTRIBUTION), "python": platform.python_version()}
    print(json.dumps(found) if as_json else f"strata {found['strata']} (Python {found['python']})")
