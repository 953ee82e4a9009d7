"""Users on the two directions in which they differ most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from training.report.picture import Picture
from training.report.style import FAINT, INK, PAPER, figure, mark, panels
from training.report.wrapping import wrapped
from training.rows import Floats


def map_picture(found: Mapping[str, Any], names: Sequence[str]) -> Picture:
    """Every sampled user; a segment has a colour, a mark and a number where its middle is."""
    made, axes = figure(5.8, 4.0 + 0.19 * -(-len(names) // 2))
    points, segments = _points(found)
    for index, name in enumerate(names):
        here = points[segments == index]
        colour, marker, _ = mark(index)
        axes.scatter(
            here[:, 0], here[:, 1], s=11, marker=marker, alpha=0.6, linewidths=0, color=colour,
            label=f"{index + 1}  {wrapped(name, 26, 1)}", zorder=-1,
        )  # fmt: skip
        if len(here):
            x, y = np.median(here, axis=0)
            middle = axes.text(x, y, str(index + 1), ha="center", va="center", fontsize=11, fontweight="bold")
            middle.set_path_effects([withStroke(linewidth=3, foreground=PAPER)])
    _trim(axes, points)
    legend = made.legend(loc="outside lower center", ncols=2, markerscale=1.8, handletextpad=0.2)
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_alpha(1.0)
    method = str(found.get("method", "principal components")).replace("pca", "principal components")
    shown = found.get("variance")
    axes.set_xlabel("first direction")
    axes.set_ylabel("second direction")
    much = f", which show {shown:.0%} of their differences" if shown is not None else ""
    said = f"Users by {method}{much}. A number is the middle of its segment; near users are alike."
    return Picture("Map of users", said, made)


def one_by_one_picture(found: Mapping[str, Any], names: Sequence[str]) -> Picture:
    """The same map once per segment, its users dark over all others: where segments overlap, and without colour."""
    made, places = panels(len(names), 4, 2.0, 1.75)
    points, segments = _points(found)
    for index, (axes, name) in enumerate(zip(places, names, strict=True)):
        here = segments == index
        axes.scatter(points[~here, 0], points[~here, 1], s=3, linewidths=0, color=FAINT, alpha=0.6, zorder=-1)
        axes.scatter(points[here, 0], points[here, 1], s=5, linewidths=0, color=INK, zorder=-1)
        _trim(axes, points)
        axes.set_title(f"{index + 1}  {wrapped(name, 24, 2)}", fontsize=8, loc="left")
        axes.set_xticks([])
        axes.set_yticks([])
    return Picture("The map, one segment at a time", "Strong: its users. Faint: everybody else.", made)


def _points(found: Mapping[str, Any]) -> tuple[Floats, Floats]:
    return np.column_stack([found["x"], found["y"]]).astype(np.float64), np.asarray(found["segment"])


def _trim(axes: Axes, points: Floats) -> None:
    """One far user must not press all others into a corner: the outermost half percent may lie outside."""
    axes.set_rasterization_zorder(0)  # all the clouds of one axes become one picture
    for set_limits, column in ((axes.set_xlim, points[:, 0]), (axes.set_ylim, points[:, 1])):
        low, high = np.quantile(column, [0.005, 0.995])
        room = 0.08 * (high - low) or 1.0
        set_limits(low - room, high + room)
