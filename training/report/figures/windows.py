"""How the solution holds over earlier instants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.report.figures.cells import draw_cells
from training.report.numbers import Interval, interval
from training.report.picture import Picture
from training.report.style import ACCENT, WARM, figure
from training.report.wrapping import wrapped


def agreement_picture(windows: Sequence[Mapping[str, Any]]) -> Picture:
    """Agreement with the chosen solution and separation, window by window."""
    made, axes = figure()
    places = np.arange(len(windows))
    for key, name, style, colour in (
        ("agreement", "agreement (adjusted Rand)", "o-", ACCENT),
        ("silhouette", "separation (silhouette)", "s--", WARM),
    ):
        read = [interval(one.get(key)) or Interval(np.nan, np.nan, np.nan) for one in windows]
        if all(np.isnan(each.value) for each in read):
            continue
        axes.plot(places, [each.value for each in read], style, color=colour, label=name, markersize=5)
        axes.vlines(places, [each.low for each in read], [each.high for each in read], color=colour)
    every = max(1, -(-len(windows) // 8))
    axes.set_xticks(places[::every], [_day(one) for one in windows[::every]], rotation=30, ha="right")
    axes.set_ylim(min(0.0, axes.get_ylim()[0]), 1.05)
    made.legend(loc="outside lower center", ncols=2)
    said = (
        "Segments found again on earlier windows, against those of this version: 1 is the same grouping, 0 is chance."
    )
    return Picture("Does it hold over time", said, made)


def shares_picture(windows: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> Picture | None:
    """Each segment's share of the users in each window, in percent; None where no window has shares."""
    keys = [key for key in labels if any(key in one.get("shares", {}) for one in windows)]
    if not keys:
        return None
    shown = windows[:: max(1, -(-len(windows) // 14))]
    grid = np.array([[one.get("shares", {}).get(key, np.nan) for one in shown] for key in keys], dtype=np.float64)
    made, axes = figure(max(3.8, 2.4 + 0.45 * len(shown)), 1.3 + 0.34 * len(keys))
    words = [[f"{100 * each:.0f}" if np.isfinite(each) else "" for each in row] for row in grid]
    draw_cells(axes, grid, words, low=0.0, high=float(np.nanmax(grid)))
    axes.set_yticks(np.arange(len(keys)) + 0.5, [wrapped(labels[key]) for key in keys])
    axes.set_xticks(np.arange(len(shown)) + 0.5, [_day(one) for one in shown], rotation=45, ha="right")
    return Picture(
        "Sizes over time",
        "Percent of the users in each segment, window by window; empty where no segment of a window matches.",
        made,
    )


def _day(window: Mapping[str, Any]) -> str:
    return str(window.get("as_of", ""))[:10]
