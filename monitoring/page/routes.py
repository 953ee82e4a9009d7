"""From a path to an answer. Pure but for the shelf: no sockets here."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from monitoring.page.index import index_page
from monitoring.page.metrics import render_metrics
from monitoring.page.shelf import Shelf

HTML: Final = "text/html; charset=utf-8"
TEXT: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Reply:
    """What goes back; `location` makes it a redirect."""

    status: HTTPStatus
    kind: str
    body: bytes
    location: str | None = None


def answer(shelf: Shelf, target: str) -> Reply:
    """The reply to GET `target` (path and query, as sent)."""
    parts = [unquote(part) for part in urlsplit(target).path.split("/")[1:]]
    match parts:
        case [""]:
            return _html(index_page(shelf.newest(), shelf.reports(), shelf.evaluations()))
        case ["healthz"]:
            return Reply(HTTPStatus.OK, TEXT, b"ok\n")
        case ["metrics"]:
            return Reply(HTTPStatus.OK, "text/plain; version=0.0.4; charset=utf-8", render_metrics(shelf.newest()))
        case _:
            return _file(shelf, parts)


def _file(shelf: Shelf, parts: list[str]) -> Reply:
    match parts:
        case ["reports", segmenter, identity]:
            found = shelf.report_file(segmenter, identity, "")
            # Relative, so that nothing a visitor sent becomes a host name.
            return Reply(HTTPStatus.FOUND, TEXT, b"", f"{quote(identity)}/") if found else _nothing()
        case ["reports", segmenter, identity, name]:
            return _report(shelf, segmenter, identity, name)
        case ["packages", segmenter, version, "evaluation.html"]:
            return _evaluation(shelf, segmenter, version)
        case _:
            return _nothing()


def _report(shelf: Shelf, segmenter: str, identity: str, name: str) -> Reply:
    found = shelf.report_file(segmenter, identity, name)
    if found is None:
        return _nothing()
    path, kind = found
    try:
        return Reply(HTTPStatus.OK, kind, path.read_bytes())
    except OSError:  # pruned since it was listed, or a report without an Evidently page
        return _nothing()


def _evaluation(shelf: Shelf, segmenter: str, version: str) -> Reply:
    path = shelf.evaluation_file(segmenter, version)
    try:
        return _nothing() if path is None else Reply(HTTPStatus.OK, HTML, path.read_bytes())
    except OSError:
        return _nothing()


def _html(text: str) -> Reply:
    return Reply(HTTPStatus.OK, HTML, text.encode())


def _nothing() -> Reply:
    return Reply(HTTPStatus.NOT_FOUND, TEXT, b"nothing here; the front page lists everything: /\n")
