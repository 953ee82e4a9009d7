"""Figures of a k-means evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from training.report.style import ACCENT, INK, SEGMENTS, WARM, figure, titled


def sizes_figure(details: dict[str, Any], labels: dict[str, str]) -> Figure:
    """How many users each segment has."""
    made, axes = figure()
    sizes = details["sizes"]
    total = sum(sizes.values())
    positions = range(len(sizes))
    axes.barh(positions, list(sizes.values()), color=SEGMENTS[: len(sizes)])
    axes.set_yticks(positions, [labels[key] for key in sizes])
    axes.invert_yaxis()
    for position, size in zip(positions, sizes.values(), strict=True):
        axes.text(size, position, f"  {size:,} ({size / total:.0%})", va="center", fontsize=9, color=INK)
    axes.set_xlim(0, max(sizes.values()) * 1.28)
    titled(axes, "Users per segment", "users", "")
    return made


def candidates_figure(details: dict[str, Any], chosen: int) -> Figure:
    """Why this many segments: separation and stability for each k tried."""
    made, axes = figure()
    tried = details["candidates"]
    ks = [one["k"] for one in tried]
    stability = np.array([one["stability"] for one in tried])
    low = np.array([one["stability_low"] for one in tried])
    axes.plot(ks, [one["silhouette"] for one in tried], "o-", color=ACCENT, label="separation (silhouette)")
    axes.errorbar(
        ks, stability, yerr=[np.clip(stability - low, 0, None), np.zeros_like(low)], fmt="s-", capsize=3, color=WARM,
        label="stability (adjusted Rand; bar: worst tenth)",
    )  # fmt: skip
    axes.axvline(chosen, color=INK, linestyle=":", linewidth=1)
    axes.text(chosen, 0.02, " chosen", fontsize=9, color=INK)
    axes.set_ylim(0, 1.05)
    axes.set_xticks(ks)
    axes.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    titled(axes, "How many segments", "number of segments", "higher is better")
    return made


def levels_figure(details: dict[str, Any], labels: dict[str, str]) -> Figure:
    """Each segment's place on each axis: 0 the lowest users, 1 the highest."""
    made, axes = figure()
    table = details["axes"]
    names = list(next(iter(table.values())))
    grid = np.array([[table[key][name] for name in names] for key in table])
    axes.imshow(grid, cmap="BuGn", vmin=0, vmax=1, aspect="auto")
    for row in range(grid.shape[0]):
        for column in range(grid.shape[1]):
            shade = "white" if grid[row, column] > 0.6 else INK
            axes.text(column, row, f"{grid[row, column]:.2f}", ha="center", va="center", fontsize=9, color=shade)
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(table)), [labels[key] for key in table])
    axes.spines[:].set_visible(False)
    titled(axes, "What sets segments apart", "0: the lowest users, 1: the highest", "")
    return made


def map_figure(details: dict[str, Any], labels: dict[str, str]) -> Figure:
    """Users on the two directions in which they differ most."""
    made, axes = figure(5.2, 4.0)
    points = details["map"]
    x, y, segment = np.array(points["x"]), np.array(points["y"]), np.array(points["segment"])
    for index, key in enumerate(details["sizes"]):
        chosen = segment == index
        axes.scatter(x[chosen], y[chosen], s=7, alpha=0.55, linewidths=0, color=SEGMENTS[index], label=labels[key])
    axes.legend(fontsize=8, frameon=False, markerscale=2, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)
    titled(axes, f"Map of users ({points['variance']:.0%} of their differences)", "first component", "second")
    return made
