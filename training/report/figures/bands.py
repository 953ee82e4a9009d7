"""What each segment of a supervised version holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.report.picture import Picture
from training.report.style import ACCENT, WARM, figure
from training.report.wrapping import wrapped
from training.units import with_unit


def bands_picture(bands: Sequence[Mapping[str, Any]]) -> Picture:
    """Precision and recall of each segment; a segment without users has no precision."""
    made, axes = figure(5.4, 1.3 + 0.62 * len(bands))
    places = np.arange(len(bands))
    for shift, key, name, colour, hatch in (
        (-0.19, "precision", "positive, of the segment", ACCENT, ""),
        (0.19, "recall", "of all positives", WARM, "///"),
    ):
        found = [one.get(key) for one in bands]
        axes.barh(places + shift, [each or 0 for each in found], 0.34, color=colour, hatch=hatch, label=name)
        for place, each in zip(places, found, strict=True):
            said = "no users" if each is None else f"{each:.1%}" if each < 0.1 else f"{each:.0%}"
            axes.annotate(
                said, (each or 0, place + shift), (4, 0), textcoords="offset points", va="center", fontsize=8.5
            )
    users = [with_unit(f"{one['rows']:,}", "users") for one in bands]
    axes.set_yticks(places, [f"{wrapped(str(one['label']))}\n{each}" for one, each in zip(bands, users, strict=True)])
    axes.set_ylim(len(bands) - 0.5, -0.5)
    axes.set_xlim(0, 1.12)
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    made.legend(loc="outside lower center", ncols=2)
    said = "How many of a segment were positive, and how many of all positives it holds, on the test rows."
    return Picture("What each segment holds", said, made)
