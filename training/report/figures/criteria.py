"""Why this many segments: every criterion for each number tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import EngFormatter, MaxNLocator

from training.report.numbers import Interval, interval
from training.report.picture import Picture
from training.report.style import ACCENT, INK, panels


class Criterion(NamedTuple):
    """A key of a candidate, what people call it, and which way is better."""

    key: str
    name: str
    better: str


CRITERIA: Final = (
    Criterion("silhouette", "silhouette", "higher"),
    Criterion("stability", "stability (adjusted Rand)", "higher"),
    Criterion("davies_bouldin", "Davies-Bouldin", "lower"),
    Criterion("calinski_harabasz", "Calinski-Harabasz", "higher"),
    Criterion("bic", "BIC", "lower"),
    Criterion("smallest_share", "smallest segment's share", "higher"),
)


def measured(candidates: Sequence[Mapping[str, Any]]) -> list[Criterion]:
    """The criteria that any candidate has."""
    return [one for one in CRITERIA if any(each.get(one.key) is not None for each in candidates)]


def figure_of(candidate: Mapping[str, Any], criterion: Criterion) -> Interval | None:
    """One candidate's figure; stability reaches down to its worst tenth."""
    found = interval(candidate.get(criterion.key))
    if criterion.key == "stability" and found is not None and not found.known and "stability_low" in candidate:
        return Interval(found.value, min(float(candidate["stability_low"]), found.value), found.value)
    return found


def criteria_picture(candidates: Sequence[Mapping[str, Any]], chosen: int | None) -> Picture | None:
    """A panel per criterion; the chosen number is filled and dotted. None where one number alone was tried."""
    criteria = measured(candidates)
    if len(candidates) < 2 or not criteria:
        return None
    made, places = panels(len(criteria), 3, 2.7, 1.95)
    for axes, criterion in zip(places, criteria, strict=True):
        _draw(axes, candidates, criterion, chosen)
    said = "Each criterion for each number tried; bars are 95 % intervals, of stability down to the worst tenth."
    if chosen is not None:
        said += f" The dotted line and the filled mark are the chosen number, {chosen}."
    return Picture("What each criterion says", said, made)


def _draw(axes: Axes, candidates: Sequence[Mapping[str, Any]], criterion: Criterion, chosen: int | None) -> None:
    known = [(each["k"], found) for each in candidates if (found := figure_of(each, criterion)) is not None]
    ks = [k for k, _ in known]
    value, low, high = (np.array(column, dtype=np.float64) for column in zip(*(f for _, f in known), strict=True))
    axes.plot(ks, value, "-", color=ACCENT, linewidth=1.2)
    axes.vlines(ks, low, high, color=ACCENT, linewidth=1.2)
    axes.plot(ks, value, "o", color=ACCENT, markerfacecolor="none", markersize=5)
    if chosen is not None and chosen in ks:
        axes.axvline(chosen, color=INK, linestyle=":", linewidth=1)
        axes.plot(chosen, value[ks.index(chosen)], "o", color=ACCENT, markersize=6.5)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    if np.abs(value).max() >= 10_000:
        axes.yaxis.set_major_formatter(EngFormatter(sep=""))
    axes.margins(x=0.08, y=0.15)
    axes.set_title(f"{criterion.name}\n({criterion.better} is better)", fontsize=8.5, loc="left")
