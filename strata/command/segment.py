"""`strata segment USER`: ask a running gateway, for a person or a program."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from strata.client import Assignment, Segments


def segment(
    user: Annotated[str, typer.Argument(help="The user asked about.")],
    segmenters: Annotated[list[str] | None, typer.Option("--segmenter", help="Only this one; may be repeated.")] = None,
    target: Annotated[str, typer.Option(help="HOST:PORT of a gateway. Default: settings.")] = "",
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.", min=0.001)] = 2.0,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one JSON object.")] = False,
) -> None:
    """Ask a running gateway which segments a user is in, and how far each answer may be trusted.

    A source of `live` was computed now; `last_known` is the newest live answer there was; `fallback` is what the
    segmenter declares for users nobody knows.
    """
    from strata.client import connect

    with connect(target or _default_target(), call_s=timeout) as client:
        found = client.get_segments(user, *(segmenters or ()))
    print(json.dumps(_document(found), indent=1)) if as_json else _show(found)


def _default_target() -> str:
    from strata.settings import load_settings

    gateway = load_settings().gateway
    return f"{gateway.host}:{gateway.port}"


def _document(found: Segments) -> dict[str, Any]:
    """Keys as in the contract; ages in seconds."""
    document = asdict(found)
    document["as_of"] = found.as_of.isoformat()
    for assignment in document["assignments"]:
        for key in ("feature_age", "last_known_age"):
            age = assignment.pop(key)
            assignment[f"{key}_s"] = None if age is None else age.total_seconds()
    return document


def _show(found: Segments) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("segmenter", "segment", "score", "source", "features", "version"):
        table.add_column(title, justify="right" if title == "score" else "left")
    for each in found.assignments:
        score = "-" if each.score is None else f"{each.score:.3f}"
        age = "-" if each.feature_age is None else f"{in_words(each.feature_age)} old"
        table.add_row(each.segmenter, f"{each.label} ({each.segment})", score, _source(each), age, each.version)
    # A pipe has no width: lines are left whole for whatever reads them.
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
    console.print(f"user {found.user_id}, as of {found.as_of:%Y-%m-%d %H:%M:%S} UTC", markup=False)
    console.print(table)
    for each in found.assignments:
        if each.missing_features:
            console.print(f"{each.segmenter} had no value for {', '.join(each.missing_features)}", markup=False)


def _source(assignment: Assignment) -> str:
    source = assignment.source.replace("_", " ")
    if assignment.last_known_age is not None:
        source = f"{source}, {in_words(assignment.last_known_age)} ago"
    return f"{source} ({assignment.degradation.replace('_', ' ')})" if assignment.degradation else source


def in_words(span: timedelta) -> str:
    """A span in its greatest unit.

    >>> in_words(timedelta(seconds=90)), in_words(timedelta(milliseconds=250))
    ('1.5 min', '0.2 s')
    """
    seconds = span.total_seconds()
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"
