"""`--json FILE`: refused before any work where it could not be written, and written when the work ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from strata.errors import InputInvalid


def _writable(path: Path | None) -> Path | None:
    if path is not None and path.is_dir():
        raise InputInvalid(f"--json {path} is a folder; name a file")
    if path is not None and not path.absolute().parent.is_dir():
        raise InputInvalid(f"--json {path}: there is no folder {path.absolute().parent}; make it first")
    return path


JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", callback=_writable, help="Also write the figures as JSON.")
]


def write_figures(path: Path | None, document: dict[str, Any]) -> None:
    """Nothing where nobody asked for a file."""
    if path is not None:
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
