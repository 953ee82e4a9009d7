"""What tells a segment apart from everybody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from training.report.picture import Picture
from training.report.style import ACCENT, INK, WARM, panels
from training.report.wrapping import shortened, wrapped

_SHOWN = 5


def telling_picture(found: Mapping[str, Sequence[Mapping[str, Any]]], labels: Mapping[str, str]) -> Picture:
    """A panel per segment: its strongest features, to the right where it lies above the others."""
    told = {key: list(each)[:_SHOWN] for key, each in found.items() if each}
    made, places = panels(len(told), 2, 4.6, 0.65 + 0.24 * max(len(each) for each in told.values()))
    reach = max(abs(one["effect"]) for each in told.values() for one in each) or 1.0
    for axes, (key, features) in zip(places, told.items(), strict=True):
        _draw(axes, features, reach)
        axes.set_title(wrapped(labels.get(key, key), 26, 1), fontsize=9, loc="left", fontweight="bold")
    said = (
        "How far a segment lies from everybody else in each feature: to the right above, hatched to the left below; "
        "1 is all of its users above all others."
    )
    return Picture("What tells a segment apart", said, made)


def _draw(axes: Axes, features: Sequence[Mapping[str, Any]], reach: float) -> None:
    effects = [float(one["effect"]) for one in features]
    for place, effect in enumerate(effects):
        above = effect >= 0
        axes.barh(place, effect, 0.66, color=ACCENT if above else WARM, hatch="" if above else "///")
        axes.annotate(
            f"{effect:+.2f}", (effect, place), (4 if above else -4, 0), textcoords="offset points",
            ha="left" if above else "right", va="center", fontsize=7.5,
        )  # fmt: skip
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(features)), [shortened(str(one["feature"]), 34) for one in features], fontsize=7.5)
    axes.set_ylim(_SHOWN - 0.5, -0.5)
    axes.set_xlim(-1.35 * reach, 1.35 * reach)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)
