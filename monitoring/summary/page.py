"""The summary page of one report, made from its JSON alone."""

from __future__ import annotations

from html import escape
from typing import Any

from monitoring.summary.advice import advice
from monitoring.summary.chart import histogram_svg, meter
from monitoring.summary.style import TONES, badge, page
from monitoring.summary.words import METHOD_WORDS, compact, instant

LEGEND = '<span class="key r"></span>reference<span class="key n"></span>now'


def summary_page(document: dict[str, Any]) -> str:
    """HTML of a report: verdict and advice first, drifted columns next, the rest folded."""
    body = [_head(document), _verdict(document), _panels(document), *_tables(document), _method(document)]
    return page(f"{document['segmenter']}: {TONES[document['status']][1]}", "".join(body))


def _head(document: dict[str, Any]) -> str:
    links = ['<a href="/">All reports</a>', '<a href="report.json">JSON</a>']
    if document["evidently"]:
        links.insert(1, '<a href="evidently.html">Evidently report</a>')
    return (
        f"<nav>{' &middot; '.join(links)}</nav><h1>{escape(document['segmenter'])}</h1>"
        f'<div class="soft">version <code>{escape(document["version"])}</code>, reported '
        f"{instant(document['created_at'])}</div>"
    )


def _verdict(document: dict[str, Any]) -> str:
    tone, word = TONES[document["status"]]
    counts = document["counts"]
    if document["status"] == "drift":
        word = f"{counts['drifted']} of {counts['columns']} columns drift"
    steps = "".join(f"<li>{escape(step)}</li>" for step in advice(document))
    return (
        f'<section class="card verdict tone-{tone}"><div><b>{escape(word[:1].upper() + word[1:])}</b>'
        f"<p>{escape(document['sentence'])}</p><h2 class='tight'>What to do</h2>"
        f"<ul>{steps}</ul></div></section>"
    )


def _panels(document: dict[str, Any]) -> str:
    return f'<div class="grid">{_rows_panel(document)}{_sources_panel(document)}</div>{_notes(document)}'


def _rows_panel(document: dict[str, Any]) -> str:
    rows, window = document["rows"], document["window"]
    facts = {
        "Compared": f"{rows['compared']:,} users with {rows['reference']:,} rows of the reference",
        "Answers in window": f"{rows['in_window']:,} in {rows['files']:,} files",
        "First and last": f"{instant(window['oldest_row'])} to {instant(window['newest_row'])}",
        "Sampled": f"yes, seed {document['sampling']['seed']}"
        if document["sampling"]["sampled_down"]
        else "no, all users",
    }
    entries = "".join(f"<dt>{key}</dt><dd class='num'>{escape(value)}</dd>" for key, value in facts.items())
    return f'<section class="card"><dl class="facts">{entries}</dl></section>'


def _sources_panel(document: dict[str, Any]) -> str:
    mix = document["source_mix"]
    colours = {"live": "var(--good)", "last_known": "var(--warn)", "fallback": "var(--bad)"}
    names = {"live": "live", "last_known": "last known", "fallback": "fallback"}
    bars = "".join(f'<i style="width:{100 * mix["shares"][k]:.2f}%;background:{c}"></i>' for k, c in colours.items())
    words = " &middot; ".join(f"{names[k]} {mix['shares'][k]:.1%}" for k in colours)
    note = "more than usual was not live" if mix["attention"] else "where the answers came from"
    return (
        f'<section class="card"><div class="soft">Source mix: {note}</div><div class="bar">{bars}</div>'
        f'<div class="num">{words}</div></section>'
    )


def _notes(document: dict[str, Any]) -> str:
    notes = [*document["schema_differences"], *document["rows"]["files_skipped"]]
    if not notes:
        return ""
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<h2>Files and schema</h2><section class="card"><ul>{items}</ul></section>'


def _tables(document: dict[str, Any]) -> list[str]:
    drifted = [column for column in document["columns"] if column["status"] == "drift"]
    held = [column for column in document["columns"] if column["status"] != "drift"]
    drifted.sort(key=lambda column: -_severity(column))
    parts = []
    if drifted:
        parts.append(f'<h2>What drifted <span class="soft small">{LEGEND}</span></h2>{_table(drifted)}')
    if held:
        legend = "" if drifted else f' <span class="soft small">{LEGEND}</span>'
        opened = "" if drifted else " open"
        parts.append(f"<details{opened}><summary>{len(held)} columns held{legend}</summary>{_table(held)}</details>")
    return parts


def _table(columns: list[dict[str, Any]]) -> str:
    head = "<tr><th>Column</th><th>Reference and now</th><th>Median</th><th>Found by</th><th>Why</th></tr>"
    return f'<div class="card scroll"><table>{head}{"".join(map(_row, columns))}</table></div>'


def _row(column: dict[str, Any]) -> str:
    view, _, name = column["column"].rpartition(":")
    before, after = column["summary"]["reference"].get("median"), column["summary"]["log"].get("median")
    median = f"{compact(before)} &rarr; {compact(after)}" if before is not None and after is not None else "&ndash;"
    reasons = [check["reason"] for check in column["checks"] if check["drifted"]] or [column["reason"]]
    infinite = column["infinite"]["log"]
    if infinite:
        reasons.append(f"{infinite} infinite values were counted as missing")
    return (
        f"<tr><td><b>{escape(name)}</b><div class='soft small'>{escape(view or column['kind'])}</div>"
        f"{badge(column['status'])}</td><td>{histogram_svg(column['column'], column['histogram'])}</td>"
        f"<td class='num' style='white-space:nowrap'>{median}</td><td class='num'>{_found_by(column)}</td>"
        f"<td>{'<br>'.join(escape(reason) for reason in reasons)}</td></tr>"
    )


def _found_by(column: dict[str, Any]) -> str:
    if column["statistic"] is None:
        return "&ndash;"
    tone = "bad" if column["drifted"] else "good"
    return (
        f"{escape(METHOD_WORDS[column['method']])}<div class='small soft'>{column['statistic']:.3f} of "
        f"{column['threshold']:.3f}</div>{meter(column['statistic'], column['threshold'], tone)}"
    )


def _severity(column: dict[str, Any]) -> float:
    return 0.0 if column["statistic"] is None else column["statistic"] / column["threshold"]


def _method(document: dict[str, Any]) -> str:
    method = document["method"]
    return (
        "<h2>How this was judged</h2><p class='soft small'>Each user counts once. A check finds drift when its "
        f"statistic passes both what matters (PSI {method['psi_threshold']:g}, "
        f"a factor of {method['level_factor']:g} in level, "
        f"{method['missing_threshold']:.0%} more or fewer missing) and what chance explains: at most "
        f"{method['alpha']:.0%} of reports without any change raise an alarm, over all "
        f"{method['checks']} checks together. Bars are shares of present values; "
        "wide features are drawn on a logarithmic scale.</p>"
    )
