"""Whether more rows would help, and how a search for parameters went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from training.report.numbers import Interval, interval
from training.report.picture import Picture
from training.report.style import ACCENT, FAINT, INK, WARM, figure


def learning_curve_picture(found: Sequence[Mapping[str, Any]]) -> Picture:
    """Quality on the rows learned from and on rows held out, for more and more rows."""
    made, axes = figure()
    rows = [one["rows"] for one in found]
    for key, name, style, colour in (
        ("train", "rows it learned from", "s--", WARM),
        ("test", "rows held out", "o-", ACCENT),
    ):
        read = [interval(one.get(key)) or Interval(np.nan, np.nan, np.nan) for one in found]
        axes.plot(rows, [each.value for each in read], style, color=colour, label=name, markersize=5)
        axes.vlines(rows, [each.low for each in read], [each.high for each in read], color=colour)
    axes.set_xlim(0, 1.05 * max(rows))
    axes.xaxis.set_major_formatter(lambda count, _: f"{count:,.0f}")
    axes.set_xlabel("training rows")
    axes.set_ylabel("quality")
    made.legend(loc="outside lower center", ncols=2)
    said = "A wide gap between the two lines is over-fitting; a line still rising would gain from more rows."
    return Picture("Would more rows help", said, made)


def tuning_picture(tuning: Mapping[str, Any]) -> Picture | None:
    """Each trial and the best so far; None where no history is told."""
    values = [_value(one) for one in tuning.get("history", ())]
    history = np.array([np.nan if each is None else each for each in values], dtype=np.float64)
    if not np.isfinite(history).any():
        return None
    made, axes = figure()
    places = np.arange(1, len(history) + 1)
    best = np.fmax.accumulate(history)
    axes.plot(places, history, "o", color=FAINT, markeredgecolor=INK, markeredgewidth=0.5, markersize=4, label="trial")
    axes.step(places, best, where="post", color=ACCENT, label="best so far")
    axes.set_xlabel("trial")
    axes.set_ylabel("quality on validation folds")
    made.legend(loc="outside lower center", ncols=2)
    return Picture("How the search went", "A line that is flat for long had found what there was to find.", made)


def _value(trial: Any) -> float | None:
    return trial.get("value") if isinstance(trial, Mapping) else trial
