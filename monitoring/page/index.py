"""The front page: how each segmenter stands, every report newest first, evaluation pages."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import quote

from monitoring.page.shelf import Evaluation
from monitoring.summary.style import TONES, badge, page
from monitoring.summary.words import instant

SHOWN = 100


def index_page(newest: list[dict[str, Any]], reports: list[dict[str, Any]], evaluations: list[Evaluation]) -> str:
    """HTML of the front page; each part says what to do when it is empty."""
    body = [
        '<h1>Strata reports</h1><div class="soft">Drift of each live segmenter against the sample it was accepted with'
        ' &middot; <a href="/metrics">metrics</a> &middot; <a href="/healthz">health</a></div>',
        _standing(newest),
        _history(reports),
        _evaluations(evaluations),
    ]
    return page("Strata reports", "".join(body))


def report_path(document: dict[str, Any]) -> str:
    """Where a report's summary is served."""
    return f"/reports/{quote(document['segmenter'], safe='')}/{quote(document['id'], safe='')}/"


def _standing(newest: list[dict[str, Any]]) -> str:
    if not newest:
        return (
            '<section class="card verdict tone-idle"><div><b>No report yet</b><p>Make one: <code>strata monitor report'
            "</code>, or let this page do it: <code>strata monitor serve --every 1h</code>.</p></div></section>"
        )
    cards = []
    for document in newest:
        tone = TONES[document["status"]][0]
        live = document["source_mix"]["shares"]["live"]
        cards.append(
            f'<section class="card verdict tone-{tone}"><div><a href="{report_path(document)}">'
            f"<b>{escape(document['segmenter'])}</b></a> {badge(document['status'])}"
            f"<p>{escape(document['sentence'])}</p>"
            f'<p class="soft small num">{document["rows"]["compared"]:,} users compared'
            f" &middot; {live:.1%} live &middot; {instant(document['created_at'])}</p></div></section>"
        )
    return f'<div class="grid">{"".join(cards)}</div>'


def _history(reports: list[dict[str, Any]]) -> str:
    if not reports:
        return ""
    rows = []
    for document in reports[:SHOWN]:
        where = report_path(document)
        evidently = f'<a href="{where}evidently.html">Evidently</a>' if document["evidently"] else "&ndash;"
        rows.append(
            f"<tr><td class='num'><a href='{where}'>{instant(document['created_at'])}</a></td>"
            f"<td>{escape(document['segmenter'])}</td><td><code>{escape(document['version'])}</code></td>"
            f"<td>{badge(document['status'])}</td><td class='num'>{document['counts']['drifted']} of "
            f"{document['counts']['columns']}</td><td class='num'>{document['rows']['compared']:,}</td>"
            f"<td>{evidently} &middot; <a href='{where}report.json'>JSON</a></td></tr>"
        )
    head = (
        "<tr><th>Made</th><th>Segmenter</th><th>Version</th><th>Status</th><th>Drifted</th><th>Users</th><th></th></tr>"
    )
    return f'<h2>Reports</h2><div class="card scroll"><table>{head}{"".join(rows)}</table></div>'


def _evaluations(evaluations: list[Evaluation]) -> str:
    if not evaluations:
        return '<h2>Evaluations</h2><p class="soft">No package yet: <code>strata train NAME</code> makes one.</p>'
    items = "".join(
        f'<li><a href="/packages/{quote(found.segmenter, safe="")}/{quote(found.version, safe="")}/evaluation.html">'
        f"{escape(found.segmenter)} <code>{escape(found.version)}</code></a></li>"
        for found in evaluations[:SHOWN]
    )
    return f'<h2>Evaluations</h2><section class="card"><ul>{items}</ul></section>'
