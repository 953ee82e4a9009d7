"""Latency and goodput against offered load, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from loadtests.offered.summary import Row
from strata.errors import InputInvalid

# Told apart by readers with any common colour vision (Okabe and Ito 2008).
COLOURS: Final = ("#8a8a8a", "#0072b2", "#d55e00", "#009e73")
INK: Final = "#22303c"
KINDS: Final = (".png", ".svg")


def require_kind(path: Path) -> None:
    """Raise InputInvalid unless the file's name says PNG or SVG; before a measurement, not after it."""
    if path.suffix not in KINDS:
        raise InputInvalid(f"a picture is {' or '.join(KINDS)}, and {path.name} is neither")


def draw(found: Sequence[Row], path: Path) -> None:
    """Medians; the p99's band is least to most. What no round was fit for is hollow; no answers, no latency."""
    require_kind(path)
    figure = Figure(figsize=(10.0, 4.4), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    latency, goodput = figure.subplots(1, 2)
    for side, colour in zip(dict.fromkeys(one.side for one in found), COLOURS, strict=False):
        mine = [one for one in found if one.side == side]
        _latency(latency, [one for one in mine if one.answers], side, colour)
        _line(goodput, mine, [one.goodput_of_capacity.median for one in mine], (colour, "-", side))
    _dress(latency, "Latency of right answers", "ms from when a call was due")
    _dress(goodput, "Right answers in time", "of the capacity")
    latency.set_yscale("log")
    latency.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    latency.set_xlim(goodput.get_xlim())
    goodput.yaxis.set_major_formatter(PercentFormatter(1.0))
    goodput.set_ylim(bottom=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _latency(axes: Axes, mine: Sequence[Row], side: str, colour: str) -> None:
    _line(axes, mine, [one.p99_ms.median for one in mine], (colour, "-", f"{side} p99"))
    _line(axes, mine, [one.p50_ms.median for one in mine], (colour, ":", f"{side} p50"))
    least, most = [one.p99_ms.least for one in mine], [one.p99_ms.most for one in mine]
    axes.fill_between([one.share for one in mine], least, most, color=colour, alpha=0.15, linewidth=0)


def _line(axes: Axes, mine: Sequence[Row], values: Sequence[float], look: tuple[str, str, str]) -> None:
    colour, style, label = look
    axes.plot([one.share for one in mine], values, style, color=colour, linewidth=1.5, label=label)
    for one, value in zip(mine, values, strict=True):
        fill = colour if one.fit_rounds else "white"
        axes.plot(one.share, value, "o", markersize=4, color=colour, markerfacecolor=fill)


def _dress(axes: Axes, title: str, y: str) -> None:
    axes.set_title(title, fontsize=10.5, loc="left", fontweight="bold", color=INK)
    axes.set_xlabel("offered, of the capacity just before", fontsize=9, color=INK)
    axes.set_ylabel(y, fontsize=9, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, labelsize=9)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.axvline(1.0, color=INK, linestyle=":", linewidth=0.8)
    axes.grid(axis="y", color="#e5eaed", linewidth=0.6)
    axes.legend(fontsize=8, frameon=False, ncols=2)
