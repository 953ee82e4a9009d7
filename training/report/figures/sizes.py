"""How many users each segment has."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.ticker import MaxNLocator

from training.report.numbers import rounded
from training.report.picture import Picture
from training.report.style import figure, mark
from training.report.wrapping import wrapped


def sizes_picture(sizes: Mapping[str, int], labels: Mapping[str, str], noise: str | None = None) -> Picture:
    """A bar per segment in the order of the vocabulary, its number and share beside it."""
    made, axes = figure(height=1.0 + 0.34 * len(sizes))
    total = max(sum(sizes.values()), 1)
    places = range(len(sizes))
    for place, size in enumerate(sizes.values()):
        colour, _, hatch = mark(place)
        axes.barh(place, size, 0.72, color=colour, hatch=hatch)
        said = f"{size:,} ({rounded(size / total)})"
        axes.annotate(said, (size, place), (5, 0), textcoords="offset points", va="center", fontsize=8.5)
    axes.set_yticks(places, [wrapped(labels.get(key, key)) for key in sizes])
    axes.set_ylim(len(sizes) - 0.5, -0.5)
    axes.set_xlim(0, max(*sizes.values(), 1) * 1.5)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(lambda users, _: f"{users:,.0f}")
    axes.set_xlabel("users")
    said = "How many users each segment has, and their share of all."
    if noise is not None:
        said += f" In {labels.get(noise, noise)!r} are those who are in no group."
    return Picture("Users per segment", said, made)
