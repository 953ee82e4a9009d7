"""Whether a stated probability comes true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.report.picture import Picture
from training.report.style import ACCENT, INK, figure


def calibration_picture(points: Sequence[Mapping[str, Any]]) -> Picture:
    """Observed against predicted, a group of users at a time, with 95 % intervals; both axes to the same end."""
    made, axes = figure(3.7, 3.4)
    columns = ("predicted", "observed", "low", "high")
    predicted, observed, low, high = (np.array([p[key] for p in points], dtype=np.float64) for key in columns)
    top = min(1.0, 1.08 * float(max(predicted.max(), high.max(), 1e-6)))
    axes.plot([0, top], [0, top], color=INK, linestyle=":", linewidth=1, label="said and true are the same")
    axes.vlines(predicted, low, high, color=ACCENT, linewidth=1.3)
    axes.plot(predicted, observed, "o", color=ACCENT, markersize=5, label="a group of users each")
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    axes.set_xlabel("probability said")
    axes.set_ylabel("share that was positive")
    axes.legend(loc="upper left")
    return Picture("Calibration", "Bars are 95 % intervals: on the dotted line a probability is what it says.", made)
