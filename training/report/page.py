"""evaluation.html: one self-contained page; a manager's questions first, a statistician's last."""

from __future__ import annotations

from typing import Final

from training.report.css import CSS
from training.report.html import joined, tag
from training.report.judged import Judged
from training.report.sections.care import care_section
from training.report.sections.fairness import fairness_section
from training.report.sections.first_screen import first_screen
from training.report.sections.gates import gates_section
from training.report.sections.identity import identity_section
from training.report.sections.importance import importance_section
from training.report.sections.quality import quality_section
from training.report.sections.record import figures_section, version_section
from training.report.sections.segments import number_section, segments_section, windows_section
from training.report.style import look

_SECTIONS: Final = (
    ("gates", "Gates", gates_section),
    ("segments", "Segments", segments_section),
    ("quality", "How good it is", quality_section),
    ("number", "How many segments", number_section),
    ("time", "Over time", windows_section),
    ("identity", "Since the version before", identity_section),
    ("features", "What it looks at", importance_section),
    ("fairness", "Fairness", fairness_section),
    ("made", "How it was made", care_section),
    ("figures", "Figures", figures_section),
    ("version", "Of this version", version_section),
)


def evaluation_page(judged: Judged) -> str:
    """The page of one version: no scripts, nothing fetched, no links out, no user ids.

    Draws what the evaluation has; the same evaluation gives the same bytes. Below 1.5 MB, as clouds of points are
    drawn as pictures and long tables are bounded by features and segments.
    """
    with look():
        head = first_screen(judged)
        made = [(identity, name, build(judged)) for identity, name, build in _SECTIONS]
    shown = [(identity, name, body) for identity, name, body in made if body]
    links = tag("nav", *(tag("a", name, href=f"#{identity}") for identity, name, _ in shown))
    title = f"{judged.manifest.segmenter} {judged.manifest.version}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"{tag('title', title)}<style>{CSS}</style></head>"
        f"{tag('body', head, links, joined(body for _, _, body in shown))}</html>\n"
    )
