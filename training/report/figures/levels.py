"""Where each segment lies on each axis."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from training.report.figures.cells import draw_cells
from training.report.picture import Picture
from training.report.style import figure
from training.report.wrapping import wrapped


def levels_picture(levels: Mapping[str, Mapping[str, float]], labels: Mapping[str, str]) -> Picture:
    """Segments down, axes across: 0 the lowest users, 1 the highest."""
    names = list(next(iter(levels.values())))
    grid = np.array([[row.get(name, np.nan) for name in names] for row in levels.values()], dtype=np.float64)
    made, axes = figure(max(3.6, 2.2 + 0.85 * len(names)), 0.9 + 0.36 * len(levels))
    draw_cells(axes, grid, [[f"{each:.2f}" for each in row] for row in grid], low=0.0, high=1.0)
    axes.set_yticks(np.arange(len(levels)) + 0.5, [wrapped(labels.get(key, key)) for key in levels])
    axes.set_xticks(np.arange(len(names)) + 0.5, [wrapped(name, 10, 3) for name in names])
    said = "The mean place of a segment's users on each axis: 0 is where the lowest users are, 1 the highest."
    return Picture("What sets segments apart", said, made)
