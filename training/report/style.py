"""One look for every figure: inks that follow the page into the dark, marks that survive black-and-white print."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK: Final = "#22303c"
ACCENT: Final = "#0b6e8f"
FAINT: Final = "#b9c6cf"
WARM: Final = "#c8553d"
PAPER: Final = "#fdfdfd"
# On filled cells, whose colour is the same by day and by night, so that these are too.
ON_LIGHT: Final = "#101418"
ON_DARK: Final = "#fefefe"
# The page's CSS says what these are in the light and in the dark.
VARIABLES: Final = {
    INK: "var(--ink)",
    ACCENT: "var(--accent)",
    FAINT: "var(--faint)",
    WARM: "var(--warm)",
    PAPER: "var(--paper)",
}


class Mark(NamedTuple):
    """How one segment is drawn everywhere: never by colour alone."""

    colour: str
    marker: str
    hatch: str


# Okabe and Ito (2008) without black and yellow, then Tol's muted scheme (2021): told apart with any common colour
# vision; markers and hatches do the same without colour. Hatches of lines only: one of dots is 20 kB of SVG.
# Twelve, as many as a page is promised to be readable with.
MARKS: Final = (
    Mark("#0072b2", "o", ""),
    Mark("#e69f00", "s", "//"),
    Mark("#009e73", "^", "\\\\"),
    Mark("#cc79a7", "D", "xx"),
    Mark("#d55e00", "v", "||"),
    Mark("#56b4e9", "P", "--"),
    Mark("#8a8a8a", "X", "++"),
    Mark("#999933", "<", "///"),
    Mark("#882255", ">", "\\\\\\"),
    Mark("#6a51a3", "p", "|||"),
    Mark("#44aa99", "h", "---"),
    Mark("#b07d62", "*", "xxx"),
)

_SETTINGS: Final[dict[Any, Any]] = {
    "text.parse_math": False,  # a label may hold dollar signs
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.labelsize": 9,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "hatch.color": PAPER,
    "hatch.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so that a page is the same on every machine
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "figure.dpi": 72,  # an SVG's point
    "svg.fonttype": "none",
    "svg.hashsalt": "strata",
}


@contextmanager
def look() -> Iterator[None]:
    """Everything that is drawn and written inside has the one look. Not for two threads at once (matplotlib's own)."""
    with mpl.rc_context(_SETTINGS):
        yield


def mark(index: int) -> Mark:
    """The mark of the segment at this place of the vocabulary; beyond twelve they come again."""
    return MARKS[index % len(MARKS)]


def figure(width: float = 5.4, height: float = 3.4) -> tuple[Figure, Axes]:
    """A figure of these inches with one axes, without pyplot's global state."""
    made = Figure(figsize=(width, height), layout="constrained")
    return made, made.add_subplot()


def panels(count: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of `count` axes in rows of `columns`, each of these inches."""
    columns = min(columns, count)
    rows = -(-count // columns)
    made = Figure(figsize=(width * columns, height * rows), layout="constrained")
    return made, [made.add_subplot(rows, columns, index + 1) for index in range(count)]
