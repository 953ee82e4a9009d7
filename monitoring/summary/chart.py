"""Small SVG charts: reference and log side by side on one scale."""

from __future__ import annotations

from html import escape
from typing import Any, Final

WIDTH: Final = 224
HEIGHT: Final = 56
SHOWN: Final = 12
"""Categories drawn; the rest is in the JSON."""


def histogram_svg(name: str, histogram: dict[str, Any]) -> str:
    """Paired bars, grey for the reference and blue for the log, with the range and shares as tooltips."""
    labels, before, after = (histogram[key] for key in ("labels", "reference", "log"))
    if histogram["scale"] == "category":
        labels, before, after = _most_frequent(labels, before, after)
    if not labels:
        return '<span class="soft small">no values</span>'
    tallest = max(*before, *after, 1e-9)
    slot = WIDTH / len(labels)
    bars = []
    for index, (label, old, new) in enumerate(zip(labels, before, after, strict=True)):
        title = f"{label}: {old:.1%} before, {new:.1%} now"
        inner = _bar("ref", index * slot, slot * 0.44, old / tallest)
        inner += _bar("now", index * slot + slot * 0.46, slot * 0.44, new / tallest)
        bars.append(f"<g><title>{escape(title)}</title>{inner}</g>")
    words = escape(f"{name}: reference and log, {histogram['scale']} scale")
    box = f'width="{WIDTH}" height="{HEIGHT + 2}" viewBox="0 0 {WIDTH} {HEIGHT + 2}"'
    return (
        f'<svg {box} role="img" aria-label="{words}">'
        f'{"".join(bars)}<line class="axis" x1="0" x2="{WIDTH}" y1="{HEIGHT + 1}" y2="{HEIGHT + 1}"/></svg>'
    )


def meter(statistic: float, threshold: float, tone: str) -> str:
    """A bar of the statistic with a mark at the threshold; the scale ends at twice the threshold."""
    filled = min(100.0, 50.0 * statistic / threshold)
    return f'<div class="meter tone-{tone}"><i style="width:{filled:.0f}%"></i><u style="left:50%"></u></div>'


def _bar(kind: str, x: float, width: float, share: float) -> str:
    height = HEIGHT * share
    if 0 < height < 1:
        height = 1.0
    return f'<rect class="{kind}" x="{x:.1f}" y="{HEIGHT - height:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _most_frequent(
    labels: list[str], before: list[float], after: list[float]
) -> tuple[list[str], list[float], list[float]]:
    order = sorted(range(len(labels)), key=lambda i: -max(before[i], after[i]))[:SHOWN]
    kept = sorted(order)
    return [labels[i] for i in kept], [before[i] for i in kept], [after[i] for i in kept]
