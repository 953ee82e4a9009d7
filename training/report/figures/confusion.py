"""Which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.report.figures.cells import draw_cells
from training.report.picture import Picture
from training.report.style import figure
from training.report.wrapping import wrapped


def confusion_picture(matrix: Sequence[Sequence[float]], classes: Sequence[str]) -> Picture:
    """True classes down, given across; shaded by the share of the true class, with counts in the cells."""
    counts = np.array(matrix, dtype=np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    made, axes = figure(2.6 + 0.62 * len(classes), 1.6 + 0.42 * len(classes))
    draw_cells(axes, shares, [[f"{each:,.0f}" for each in row] for row in counts], low=0.0, high=1.0)
    places = np.arange(len(classes)) + 0.5
    axes.set_yticks(places, [wrapped(name) for name in classes])
    axes.set_xticks(places, [wrapped(name, 18, 1) for name in classes], rotation=40, ha="right", rotation_mode="anchor")
    axes.set_ylabel("is")
    axes.set_xlabel("was called")
    return Picture("Which classes are taken for which", "Counts; darker is more of the true class.", made)
