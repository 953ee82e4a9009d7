"""evaluation.html: one self-contained page; its first screen answers a manager's questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

from matplotlib.figure import Figure

from strata.runtime import Manifest
from training.report.cluster_figures import candidates_figure, levels_figure, map_figure, sizes_figure
from training.report.ranking_figures import (
    bands_figure,
    calibration_figure,
    importances_figure,
    precision_recall_figure,
    roc_figure,
)
from training.report.style import as_data_uri
from training.rows import Evaluation

_CSS: Final = """
body{font:15px/1.5 system-ui,sans-serif;color:#22303c;max-width:1180px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.7rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .6rem;border-bottom:1px solid #dde4e8}
.lead{font-size:1.05rem;color:#44535f}.meta,.note{color:#5d6d78;font-size:.88rem}
.say{background:#eef5f8;border-left:4px solid #0b6e8f;padding:.8rem 1.1rem;margin:1.2rem 0}.say p{margin:.35rem 0}
table{border-collapse:collapse;font-size:.9rem}td,th{padding:.3rem .8rem;text-align:left}
td,th{border-bottom:1px solid #e3e9ec;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.figures{display:flex;flex-wrap:wrap;gap:1rem}
.figures img{max-width:100%;width:572px;height:auto}code{background:#f2f5f7;padding:0 .25rem}
"""


def evaluation_page(manifest: Manifest, evaluation: Evaluation) -> str:
    """The page of one version. No scripts, no links out, no user ids."""
    labels = {entry.key: entry.label for entry in manifest.vocabulary}
    clustered = evaluation.details["kind"] == "clusters"
    body = _clustering(manifest, evaluation, labels) if clustered else _ranking(evaluation)
    title = f"{manifest.segmenter} {manifest.version}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_CSS}</style></head><body>{_first_screen(manifest, evaluation)}{body}{_facts(manifest)}"
        "</body></html>\n"
    )


def _first_screen(manifest: Manifest, evaluation: Evaluation) -> str:
    window = manifest.data_window
    sentences = "".join(f"<p>{escape(line)}</p>" for line in evaluation.headline)
    rows = [(e.label, f"<code>{escape(e.key)}</code>", escape(e.description)) for e in manifest.vocabulary]
    return (
        f"<h1>{escape(manifest.segmenter)}</h1><p class=lead>{escape(manifest.description)}</p>"
        f"<p class=meta>version {escape(manifest.version)}, trained on {window.first[:10]} to {window.last[:10]}, "
        f"as known at {escape(window.as_of)}</p><div class=say>{sentences}</div>"
        f"<h2>Segments</h2>{_table(('segment', 'key', 'meaning'), rows)}"
        f"<p class=meta>Users nothing is known about get <code>{escape(manifest.fallback_segment)}</code>, "
        "marked as fallback.</p>"
    )


def _clustering(manifest: Manifest, evaluation: Evaluation, labels: dict[str, str]) -> str:
    details = evaluation.details
    chosen = int(evaluation.metrics["segments"])
    profile = [
        (f"<code>{escape(row['feature'])}</code>", *(_number(row[key]) for key in labels)) for row in details["profile"]
    ]
    return (
        "<h2>Pictures</h2>"
        + _figures(
            (
                sizes_figure(details, labels),
                levels_figure(details, labels),
                map_figure(details, labels),
                candidates_figure(details, chosen),
            )
        )
        + "<h2>The middle user of each segment</h2>"
        + "<p class=note>Medians in the features' own units.</p>"
        + _table(("feature", *labels.values()), profile, numeric_from=1)
        + "<h2>Figures</h2>"
        + _metrics(evaluation)
    )


def _ranking(evaluation: Evaluation) -> str:
    details = evaluation.details
    bands = [
        (b["label"], f"{b['rows']:,}", _percent(b["share"]), _percent(b["precision"]), _percent(b["recall"]))
        for b in details["bands"]
    ]
    this = {"name": "this version", **{k: details["ranking"][k]["value"] for k in ("roc_auc", "average_precision")}}
    others = [
        (escape(one["name"]), f"{one['roc_auc']:.3f}", f"{one['average_precision']:.3f}")
        for one in (this, *details["baselines"])
    ]
    return (
        "<h2>Segments on the test date</h2>"
        + _table(("segment", "users", "share", "responded (precision)", "of all responders (recall)"), bands, 1)
        + "<h2>Beside simpler ways</h2>"
        + _table(("way", "ROC AUC", "average precision"), others, numeric_from=1)
        + "<h2>Pictures</h2>"
        + _figures(
            (
                bands_figure(details),
                precision_recall_figure(details, evaluation.metrics["base_rate"]),
                roc_figure(details),
                calibration_figure(details),
                importances_figure(details),
            )
        )
        + f"<h2>Why nothing leaks</h2><p>{escape(details['leak_guard'])}</p>"
        + "<h2>Figures</h2>"
        + _metrics(evaluation)
    )


def _facts(manifest: Manifest) -> str:
    rows = [
        ("algorithm", escape(manifest.algorithm)),
        ("feature service", f"<code>{escape(manifest.feature_service)}</code>, {len(manifest.features)} features"),
        ("schema fingerprint", f"<code>{manifest.schema_fingerprint}</code>"),
        ("libraries", escape(", ".join(f"{name} {version}" for name, version in manifest.libraries.items()))),
        ("made at", escape(manifest.created_at)),
    ]
    return f"<h2>Of this version</h2>{_table(('', ''), rows)}"


def _metrics(evaluation: Evaluation) -> str:
    rows = [(name.replace("_", " "), f"{value:.4f}") for name, value in evaluation.metrics.items()]
    return _table(("metric", "value"), rows, numeric_from=1)


def _figures(made: Iterable[Figure]) -> str:
    images = (f'<img alt="figure" src="{as_data_uri(one)}">' for one in made)
    return f"<div class=figures>{''.join(images)}</div>"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], numeric_from: int = 99) -> str:
    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(f"<{tag}{' class=n' if i >= numeric_from else ''}>{cell}</{tag}>" for i, cell in enumerate(row))

    head = f"<tr>{cells('th', [escape(name) for name in header])}</tr>" if any(header) else ""
    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table>{head}{body}</table>"


def _number(value: Any) -> str:
    return "none" if value is None else f"{value:,.1f}"


def _percent(value: float | None) -> str:
    return "none" if value is None else f"{value:.1%}"
