"""From an entry of the catalog to something that runs."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import typer

from strata.command.catalog import Entry
from strata.errors import StrataError


def locate_command(entry: Entry) -> Any:
    """Import the entry's room and return its command (what `typer.main.get_command` makes).

    Raises StrataError in a sentence when the room, or an optional package it needs, is not installed.
    """
    module_name, _, attribute = entry.target.partition(":")
    try:
        found = getattr(importlib.import_module(module_name), attribute)
    except ModuleNotFoundError as error:
        missing = error.name or "a package"
        raise StrataError(
            f"'strata {entry.name}' needs {missing}, which is not installed here; run 'make setup', "
            "or install the extra that holds it (serving, training, monitoring, loadtest)"
        ) from error
    command = typer.main.get_command(found if isinstance(found, typer.Typer) else _single(found))
    members = getattr(command, "commands", {})
    return members.get(entry.member, command) if entry.member else command


def _single(function: Any) -> typer.Typer:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)  # prose wraps as prose
    app.command()(function)
    return app
