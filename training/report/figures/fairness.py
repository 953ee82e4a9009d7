"""How a version treats the groups of a protected attribute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from training.report.picture import Picture
from training.report.style import ACCENT, INK, WARM, figure
from training.report.wrapping import wrapped

_RATES: Final = (
    ("rate", "chosen", "o", ACCENT),
    ("tpr", "found, of its positives", "^", WARM),
    ("fpr", "chosen, of its others", "s", INK),
)


def fairness_picture(found: Mapping[str, Any]) -> Picture:
    """Per group: the share that is chosen, of its positives and of its others."""
    groups = found["groups"]
    made, axes = figure(5.4, 1.3 + 0.42 * len(groups))
    places = np.arange(len(groups))
    for shift, (key, name, marker, colour) in zip((-0.2, 0.0, 0.2), _RATES, strict=True):
        rates = [np.nan if one.get(key) is None else one[key] for one in groups]
        low, high = zip(*(one.get(f"{key}_interval") or (np.nan, np.nan) for one in groups), strict=True)
        axes.hlines(places + shift, low, high, color=colour, linewidth=1.1)
        axes.plot(rates, places + shift, marker, color=colour, label=name, markersize=6)
    axes.hlines(places[:-1] + 0.5, 0, 1, color=INK, alpha=0.15, linewidth=0.6)
    axes.set_yticks(places, [f"{wrapped(str(one['group']), 22, 1)} ({one['rows']:,})" for one in groups])
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.set_xlim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    made.legend(loc="outside lower center", ncols=3, handletextpad=0.1)
    said = "The same mark far apart between groups is a difference in treatment; bars are 95 % intervals."
    return Picture(f"By {found['attribute']}", said, made)
