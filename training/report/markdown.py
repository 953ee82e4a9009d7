"""Markdown in which somebody's text stays text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def plain(found: object) -> str:
    """Text on one line with everything that Markdown or HTML would read as more than text taken from it.

    >>> plain("a <b>|[x](y)* #1")
    'a &lt;b&gt;\\\\|\\\\[x\\\\](y)\\\\* #1'
    """
    flat = " ".join(str(found).split())
    marked = re.sub(r"([\\`*\[\]|])", r"\\\1", flat)
    return marked.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(found: object) -> str:
    """A key or a command; a backtick in it would end it."""
    return f"`{' '.join(str(found).split()).replace('`', chr(39))}`"


def bullets(found: Iterable[str]) -> list[str]:
    """A list, each sentence already plain."""
    return [f"- {one}" for one in found]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table with an empty line on either side; nothing where it has no rows. Cells are plain already."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return []
    return ["", f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}", *lines, ""]
