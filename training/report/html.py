"""Text that is safe inside a page: what is not `Html` already is escaped on its way in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Markup made here. Everything else is somebody's text."""

    __slots__ = ()


def safe(found: object) -> Html:
    """Markup as it is, anything else escaped."""
    return found if isinstance(found, Html) else Html(escape(str(found)))


def joined(parts: Iterable[object]) -> Html:
    """One after the other."""
    return Html("".join(safe(part) for part in parts))


def tag(name: str, *inside: object, **attributes: str) -> Html:
    """`<name attribute="...">inside</name>`; a trailing underscore of an attribute falls away (`class_`).

    >>> tag("p", "a < b", class_="note")
    '<p class="note">a &lt; b</p>'
    """
    said = "".join(f' {key.rstrip("_")}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{said}>{joined(inside)}</{name}>")


def code(found: object) -> Html:
    """A key or a command; a long one may break where its words end."""
    return Html(re.sub(r"([_:/])(?=\w)", r"\1<wbr>", tag("code", found).removesuffix("</code>")) + "</code>")


def verdict(passed: bool, otherwise: str) -> Html:
    """A sign, a word and a colour: any one of them is enough."""
    if passed:
        return tag("span", "\u2713 passed", class_="passed")
    return tag("span", f"\u2717 {otherwise}", class_="missed")


def unbroken(found: object) -> Html:
    """A figure that stays on its line."""
    return tag("span", found, class_="unbroken")


def section(title: str, *inside: object, identity: str = "") -> Html:
    """A part with its heading; nothing at all where there is nothing inside."""
    body = joined(inside)
    if not body:
        return Html("")
    named = {"id": identity} if identity else {}
    return tag("section", tag("h2", title), body, **named)


def part(title: str, *inside: object) -> Html:
    """A smaller part; nothing where there is nothing inside."""
    body = joined(inside)
    return tag("div", tag("h3", title), body, class_="part") if body else Html("")


def folded(summary: str, inside: Html) -> Html:
    """Shut until it is asked for, open on paper; nothing where there is nothing inside."""
    return tag("details", tag("summary", summary), inside) if inside else inside


def note(said: str) -> Html:
    """How to read what is near."""
    return tag("p", said, class_="note")


def sentences(found: Iterable[str]) -> Html:
    """A list of sentences; nothing where there are none."""
    items = joined(tag("li", one) for one in found)
    return tag("ul", items) if items else Html("")


def table(header: Sequence[object], rows: Iterable[Sequence[object]], numeric_from: int = 99) -> Html:
    """A table that scrolls by itself where it is wider than the page; nothing where it has no rows."""

    def line(name: str, cells: Sequence[object]) -> Html:
        return tag("tr", *(tag(name, cell, **_numeric(i, numeric_from)) for i, cell in enumerate(cells)))

    body = joined(line("td", row) for row in rows)
    if not body:
        return Html("")
    head = tag("thead", line("th", header)) if any(header) else ""
    return tag("div", tag("table", head, tag("tbody", body)), class_="wide")


def _numeric(index: int, numeric_from: int) -> dict[str, str]:
    return {"class_": "n"} if index >= numeric_from else {}
