"""Ways of dealing with a rare class, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from training.report.numbers import interval
from training.report.picture import Picture
from training.report.style import ACCENT, FAINT, INK, panels
from training.report.wrapping import wrapped

_FIGURES: Final = (
    ("roc_auc", "ROC AUC\n(higher is better)"),
    ("average_precision", "average precision\n(higher is better)"),
    ("brier_before", "Brier, as learned\n(lower is better)"),
    ("brier_prior", "Brier, base rate put right\n(lower is better)"),
    ("brier_after", "Brier, recalibrated\n(lower is better)"),
)


def balance_picture(found: Sequence[Mapping[str, Any]]) -> Picture | None:
    """A panel per figure, a bar per way; the chosen way is filled. None where nothing was compared."""
    keys = [(key, name) for key, name in _FIGURES if any(interval(one.get(key)) is not None for one in found)]
    if len(found) < 2 or not keys:
        return None
    made, places = panels(len(keys), 3, 3.1, 0.8 + 0.3 * len(found))
    for axes, (key, name) in zip(places, keys, strict=True):
        for place, one in enumerate(found):
            read = interval(one.get(key))
            if read is None:
                continue
            colour = ACCENT if one.get("chosen") else FAINT
            axes.barh(place, read.value, 0.66, color=colour, edgecolor=INK, linewidth=0.8)
            axes.hlines(place, read.low, read.high, color=INK)
            axes.annotate(f"{read.value:.3f}", (read.high, place), (4, 0), textcoords="offset points", va="center",
                          fontsize=8)  # fmt: skip
        axes.set_yticks(range(len(found)), [wrapped(str(one["way"]), 20, 1) for one in found])
        axes.set_ylim(len(found) - 0.5, -0.5)
        axes.set_xlim(0, 1.3 * max(read.high for one in found if (read := interval(one.get(key)))) or 1.0)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.set_title(name, fontsize=8.5, loc="left")
    return Picture("Ways of dealing with the rare class", "All judged on untouched rows; filled: the chosen way.", made)
