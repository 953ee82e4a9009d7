"""ROC and precision-recall with their bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from training.report.numbers import spread
from training.report.picture import Picture
from training.report.style import ACCENT, INK, WARM, figure
from training.report.wrapping import shortened


def roc_picture(ranking: Mapping[str, Any]) -> Picture:
    """The ROC curve with its bootstrap band."""
    made, axes = figure(3.7, 3.4)
    banded(axes, ranking["roc"], f"this version {spread(ranking.get('roc_auc'))}")
    axes.plot([0, 1], [0, 1], color=INK, linestyle=":", linewidth=1, label="chance 0.500")
    axes.set_xlabel("share of all others included")
    axes.set_ylabel("share of positives included")
    axes.legend(loc="lower right")
    return Picture("ROC", "How many positives are found as more users are taken; the band is a 95 % bootstrap.", made)


def precision_recall_picture(
    ranking: Mapping[str, Any], base_rate: float | None, baselines: Sequence[Mapping[str, Any]]
) -> Picture:
    """Precision against recall with its band, the base rate, and the baselines that are points."""
    made, axes = figure(3.7, 3.6 + 0.18 * len(baselines))
    banded(axes, ranking["precision_recall"], f"this version {spread(ranking.get('average_precision'))}")
    if base_rate is not None:
        axes.axhline(base_rate, color=INK, linestyle=":", linewidth=1, label=f"everybody {base_rate:.3f}")
    known = [one for one in baselines if one.get("precision") is not None and 0 < one.get("recall", 0) < 1]
    for one, marker in zip(known, "DsvP^X", strict=False):
        axes.plot(one["recall"], one["precision"], marker, color=WARM, markersize=7, label=shortened(one["name"], 34))
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("recall: found of all positives")
    axes.set_ylabel("precision: positives of those taken")
    made.legend(loc="outside lower left")
    return Picture("Precision and recall", "The band is a 95 % bootstrap; points are simpler ways.", made)


def banded(axes: Axes, curve: Mapping[str, Any], name: str = "") -> None:
    """A curve and the band around it, where there is one."""
    if "low" in curve:
        axes.fill_between(curve["x"], curve["low"], curve["high"], color=ACCENT, alpha=0.2, linewidth=0)
    axes.plot(curve["x"], curve["y"], color=ACCENT, label=name)
