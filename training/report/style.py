"""One look for every figure, and figures as text for a page."""

from __future__ import annotations

import base64
import io
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK: Final = "#22303c"
ACCENT: Final = "#0b6e8f"
FAINT: Final = "#b9c6cf"
WARM: Final = "#c8553d"
# Told apart by readers with any common colour vision (Okabe and Ito 2008).
SEGMENTS: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#8a8a8a", "#f0e442")


def figure(width: float = 5.2, height: float = 3.5) -> tuple[Figure, Axes]:
    """A figure with one axes, without pyplot's global state."""
    made = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(made)
    axes = made.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, labelsize=9)
    axes.title.set_color(INK)
    return made, axes


def titled(axes: Axes, title: str, x: str, y: str) -> None:
    """Name a figure and its axes."""
    axes.set_title(title, fontsize=10.5, loc="left", fontweight="bold", color=INK)
    axes.set_xlabel(x, fontsize=9, color=INK)
    axes.set_ylabel(y, fontsize=9, color=INK)


def as_data_uri(made: Figure) -> str:
    """The figure as a PNG inside a data URI."""
    sink = io.BytesIO()
    made.savefig(sink, format="png")
    return "data:image/png;base64," + base64.b64encode(sink.getvalue()).decode()
