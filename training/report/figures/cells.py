"""A grid of shaded cells, each with its number: read without colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes

from training.report.style import ON_DARK, ON_LIGHT, PAPER
from training.rows import Floats


def draw_cells(axes: Axes, grid: Floats, words: Sequence[Sequence[str]], *, low: float, high: float) -> None:
    """Draw [rows, columns], the first row on top, and `words` in the cells; NaN is an empty cell."""
    shown = np.clip((grid - low) / ((high - low) or 1.0), 0.0, 1.0)
    axes.pcolormesh(np.ma.masked_invalid(shown), cmap=colormaps["GnBu"], vmin=0, vmax=1.15, edgecolors=PAPER, lw=1)
    for (row, column), level in np.ndenumerate(shown):
        if np.isfinite(level):
            ink = ON_DARK if level > 0.72 else ON_LIGHT
            axes.text(column + 0.5, row + 0.5, words[row][column], ha="center", va="center", fontsize=8.5, color=ink)
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
