"""Which features a model leans on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize

from training.report.numbers import interval
from training.report.picture import Picture
from training.report.style import ACCENT, INK, figure
from training.report.wrapping import shortened
from training.rows import Floats

_SHOWN = 12
_HALF_HEIGHT = 0.38


def importances_picture(found: Sequence[Mapping[str, Any]]) -> Picture:
    """Each feature's share of all contributions."""
    top = found[:_SHOWN]
    made, axes = figure(5.8, 0.9 + 0.27 * len(top))
    axes.barh(range(len(top)), [one["share"] for one in top], 0.7, color=ACCENT)
    for place, one in enumerate(top):
        axes.annotate(f"{one['share']:.1%}", (one["share"], place), (4, 0), textcoords="offset points", va="center",
                      fontsize=8)  # fmt: skip
    axes.set_yticks(range(len(top)), [shortened(one["feature"], 34) for one in top])
    axes.set_ylim(len(top) - 0.5, -0.5)
    axes.margins(x=0.14)
    axes.set_xlabel("share of all contributions")
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    return Picture("What the model looks at", f"Mean absolute contributions (SHAP), the first {len(top)}.", made)


def permutation_picture(found: Sequence[Mapping[str, Any]]) -> Picture:
    """What is lost when a feature is shuffled, with 95 % intervals; the largest first."""
    read = [(one["feature"], drop) for one in found if (drop := interval(one.get("drop"))) is not None]
    top = sorted(read, key=lambda pair: -pair[1].value)[:_SHOWN]
    made, axes = figure(5.8, 0.9 + 0.27 * len(top))
    places = range(len(top))
    axes.axvline(0, color=INK, linestyle=":", linewidth=1)
    axes.hlines(places, [drop.low for _, drop in top], [drop.high for _, drop in top], color=ACCENT, linewidth=1.5)
    axes.plot([drop.value for _, drop in top], places, "o", color=ACCENT, markersize=5)
    axes.set_yticks(places, [shortened(name, 34) for name, _ in top])
    axes.set_ylim(len(top) - 0.5, -0.5)
    axes.set_xlabel("loss when the feature is shuffled")
    said = "Bars are 95 % intervals; a feature whose bar touches the dotted line may do nothing."
    return Picture("What is lost without a feature", said, made)


def shap_picture(found: Mapping[str, Any]) -> Picture | None:
    """Each feature's contribution for each sampled user; None where no points are there."""
    points = found.get("points") or {}
    names = [one["feature"] for one in found.get("features", ()) if one["feature"] in points] or list(points)
    names = [name for name in names[:_SHOWN] if points[name].get("effect")]
    if not names:
        return None
    made, axes = figure(6.4, 1.5 + 0.36 * len(names))
    levels = ScalarMappable(Normalize(0, 1), ListedColormap(colormaps["viridis"](np.linspace(0, 0.92, 256))))
    for place, name in enumerate(names):
        effect = np.asarray(points[name]["effect"], dtype=np.float64)
        height, level = _stacked(effect), _ranks(points[name]["value"])
        axes.scatter(
            effect, place - _HALF_HEIGHT * height, s=9, color=levels.to_rgba(level),
            linewidths=0, zorder=-1,
        )  # fmt: skip
    axes.set_rasterization_zorder(0)  # all the clouds become one picture
    axes.axvline(0, color=INK, linestyle=":", linewidth=1)
    axes.set_yticks(range(len(names)), [shortened(name, 34) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel("contribution to the score")
    bar = made.colorbar(levels, ax=axes, shrink=0.4, aspect=12, pad=0.02, ticks=[0, 1])
    bar.ax.set_yticklabels(["low", "high"])
    bar.set_label("the feature's value", fontsize=8.5)
    bar.outline.set_visible(False)
    said = "One dot a user: to the right the feature raised the score. The bar says which shade is a low value of it."
    return Picture("Which values push which way", said, made)


def _stacked(effect: Floats) -> Floats:
    """[n], -1..1: dots of like effect are spread up and down, in an order that is always the same."""
    low, high = effect.min(), effect.max()
    bins = np.minimum(((effect - low) / ((high - low) or 1.0) * 60).astype(int), 59)
    place = np.zeros(len(effect))
    for one in np.unique(bins):
        here = np.flatnonzero(bins == one)
        step = np.arange(len(here))
        place[here] = np.where(step % 2 == 0, step / 2, -(step + 1) / 2)
    reach: Floats = place / max(float(np.abs(place).max()), 6.0)
    return reach


def _ranks(values: Sequence[float | None]) -> Floats:
    """[n], 0..1: a value's rank among the others, so that one enormous value does not take all the shades."""
    known = np.array([np.nan if each is None else each for each in values], dtype=np.float64)
    distinct, place = np.unique(np.nan_to_num(known, nan=np.nanmin(known, initial=0.0)), return_inverse=True)
    ranks: Floats = place / max(len(distinct) - 1, 1)
    return ranks
