"""Where users of the segments before are now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from training.report.picture import Picture
from training.report.style import Mark, figure, mark
from training.report.wrapping import wrapped
from training.rows import Floats

_GAP: Final = 0.025  # between segments, of the whole height
_WIDTH: Final = 0.035
_GREY: Final = "#7d8a94"
_LINE: Final = 11.5  # points: the least distance of two labels' middles
_TOP, _BOTTOM = -0.08, 1.06


def flows_picture(matrix: Sequence[Sequence[float]], before: Sequence[str], after: Sequence[str]) -> Picture | None:
    """An alluvial drawing of [before, after]: a ribbon is as thick as its users are many. None without users."""
    flows = np.array(matrix, dtype=np.float64)
    if not flows.sum() > 0:
        return None
    made, axes = figure(7.2, height := max(2.6, 0.36 * max(flows.shape) + 1.4))
    least = _LINE / (72 * height) * (_BOTTOM - _TOP)
    left, right = _stack(flows.sum(axis=1)), _stack(flows.sum(axis=0))
    _ribbons(axes, flows, left, right)
    _blocks(axes, left, _told(before, flows.sum(axis=1)), least=least, old=True)
    _blocks(axes, right, _told(after, flows.sum(axis=0)), least=least, old=False)
    axes.set_xlim(-0.75, 1.75)
    axes.set_ylim(_BOTTOM, _TOP)
    axes.axis("off")
    axes.text(0.0, -0.05, "before", ha="right", fontsize=9, fontweight="bold")
    axes.text(1.0, -0.05, "now", ha="left", fontsize=9, fontweight="bold")
    said = "The same users in the version before (left) and in this one (right); counts beside the names."
    return Picture("Where users went", said, made)


def _stack(sizes: Floats) -> Floats:
    """[n, 2]: top and bottom of each segment in 0..1, in order, apart from each other."""
    room = 1.0 - _GAP * (len(sizes) - 1)
    heights = sizes / max(sizes.sum(), 1e-12) * room
    tops = np.concatenate([[0.0], np.cumsum(heights + _GAP)[:-1]])
    return np.column_stack([tops, tops + heights])


def _ribbons(axes: Axes, flows: Floats, left: Floats, right: Floats) -> None:
    leaving, arriving = left[:, 0].copy(), right[:, 0].copy()
    scale_out = (left[:, 1] - left[:, 0]) / np.maximum(flows.sum(axis=1), 1e-12)
    scale_in = (right[:, 1] - right[:, 0]) / np.maximum(flows.sum(axis=0), 1e-12)
    for (i, j), users in np.ndenumerate(flows):
        if users > 0:
            out, into = float(users * scale_out[i]), float(users * scale_in[j])
            colour, _, hatch = mark(i)
            path = _ribbon(float(leaving[i]), out, float(arriving[j]), into)
            patch = PathPatch(path, facecolor=colour, hatch=hatch, lw=0)
            patch.set_alpha(0.55)
            axes.add_patch(patch)
            leaving[i] += out
            arriving[j] += into


def _ribbon(y0: float, height0: float, y1: float, height1: float) -> Path:
    x0, x1, middle = _WIDTH, 1.0 - _WIDTH, 0.5
    corners = [
        (x0, y0), (middle, y0), (middle, y1), (x1, y1),
        (x1, y1 + height1), (middle, y1 + height1), (middle, y0 + height0), (x0, y0 + height0), (x0, y0),
    ]  # fmt: skip
    curve = [Path.CURVE4] * 3
    return Path(corners, [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY])


def _told(names: Sequence[str], sizes: Floats) -> list[str]:
    return [f"{wrapped(name, 24, 1)}  {size:,.0f}" for name, size in zip(names, sizes, strict=True)]


def _blocks(axes: Axes, spans: Floats, names: Sequence[str], *, least: float, old: bool) -> None:
    """A segment's block and its name, the old ones on the left."""
    places = spread_apart(spans.mean(axis=1), least)
    x, edge, side = (0.0, -0.02, "right") if old else (1.0 - _WIDTH, 1.02, "left")
    for index, ((top, bottom), place, name) in enumerate(zip(spans, places, names, strict=True)):
        colour, _, hatch = mark(index) if old else Mark(_GREY, "", "")
        axes.add_patch(Rectangle((x, top), _WIDTH, bottom - top, facecolor=colour, hatch=hatch, lw=0))
        axes.text(edge, place, name, ha=side, va="center", fontsize=8)


def spread_apart(places: Floats, least: float) -> Floats:
    """Ascending places moved as little as pushing down and then up does, until neighbours are `least` apart.

    >>> spread_apart(np.array([0.1, 0.11, 0.9]), 0.1).round(3).tolist()
    [0.1, 0.2, 0.9]
    """
    moved = places.copy()
    for i in range(1, len(moved)):
        moved[i] = max(moved[i], moved[i - 1] + least)
    moved[-1] = min(moved[-1], max(1.0, least * (len(moved) - 1)))
    for i in range(len(moved) - 2, -1, -1):
        moved[i] = min(moved[i], moved[i + 1] - least)
    return moved
