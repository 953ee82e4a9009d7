"""Figures of a supervised evaluation."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from training.report.style import ACCENT, FAINT, INK, SEGMENTS, WARM, figure, titled


def roc_figure(details: dict[str, Any]) -> Figure:
    """The ROC curve with its bootstrap band."""
    made, axes = figure()
    curve, area = details["ranking"]["roc"], details["ranking"]["roc_auc"]
    axes.fill_between(curve["x"], curve["low"], curve["high"], color=ACCENT, alpha=0.2, linewidth=0)
    axes.plot(curve["x"], curve["y"], color=ACCENT, label=_with_interval("this version", area))
    axes.plot([0, 1], [0, 1], color=FAINT, linestyle="--", label="chance 0.500")
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    titled(axes, "ROC (band: 95 % bootstrap)", "share of non-responders included", "share of responders included")
    return made


def precision_recall_figure(details: dict[str, Any], base_rate: float) -> Figure:
    """Precision against recall with its band, the base rate, and the rule baselines as points."""
    made, axes = figure()
    curve, average = details["ranking"]["precision_recall"], details["ranking"]["average_precision"]
    axes.fill_between(curve["x"], curve["low"], curve["high"], color=ACCENT, alpha=0.2, linewidth=0)
    axes.plot(curve["x"], curve["y"], color=ACCENT, label=_with_interval("this version", average))
    axes.axhline(base_rate, color=FAINT, linestyle="--", label=f"everybody {base_rate:.3f}")
    for one, marker in zip(details["baselines"][1:], ("D", "s"), strict=False):
        if one["precision"] is not None:
            axes.plot(one["recall"], one["precision"], marker, color=WARM, markersize=6, label=_plain(one["name"]))
    axes.set_ylim(0, 1.02)
    axes.legend(fontsize=8, frameon=False, loc="upper right")
    titled(axes, "Precision and recall (band: 95 % bootstrap)", "recall", "precision")
    return made


def calibration_figure(details: dict[str, Any]) -> Figure:
    """Whether a stated probability comes true."""
    made, axes = figure()
    points = details["calibration"]
    predicted = np.array([p["predicted"] for p in points])
    observed = np.array([p["observed"] for p in points])
    low, high = (np.array([p[side] for p in points]) for side in ("low", "high"))
    top = min(1.0, 1.1 * max(predicted.max(), high.max()))
    axes.plot([0, top], [0, top], color=FAINT, linestyle="--", label="perfect")
    axes.errorbar(
        predicted, observed, yerr=[observed - low, high - observed], fmt="o", capsize=3, color=ACCENT,
        label="a tenth of the users each (95 %)",
    )  # fmt: skip
    axes.legend(fontsize=8, frameon=False, loc="upper left")
    titled(axes, "Calibration", "predicted probability", "share that responded")
    return made


def bands_figure(details: dict[str, Any]) -> Figure:
    """Precision and recall of each segment."""
    made, axes = figure()
    bands = details["bands"]
    positions = np.arange(len(bands))
    axes.bar(
        positions - 0.2, [b["precision"] or 0 for b in bands], 0.38, color=SEGMENTS[0], label="responded, of segment"
    )
    axes.bar(positions + 0.2, [b["recall"] for b in bands], 0.38, color=SEGMENTS[1], label="of all responders")
    for position, band in zip(positions, bands, strict=True):
        for shift, value in ((-0.2, band["precision"] or 0), (0.2, band["recall"])):
            axes.text(position + shift, value, f"{value:.0%}", ha="center", va="bottom", fontsize=8, color=INK)
    axes.set_xticks(positions, [f"{b['label']}\n({b['rows']:,} users)" for b in bands])
    axes.set_ylim(0, 1.15)
    axes.legend(fontsize=8, frameon=False, loc="upper right", ncols=2)
    titled(axes, "What each segment holds", "", "")
    return made


def importances_figure(details: dict[str, Any], shown: int = 12) -> Figure:
    """Which features the trees gain from."""
    made, axes = figure(5.2, 4.0)
    top = details["importances"][:shown][::-1]
    axes.barh([one["feature"] for one in top], [one["share"] for one in top], color=ACCENT)
    titled(axes, f"What the model looks at (top {len(top)})", "share of the gain", "")
    return made


def _with_interval(name: str, figures: dict[str, float]) -> str:
    return f"{name} {figures['value']:.3f} ({figures['low']:.3f} to {figures['high']:.3f})"


def _plain(name: str) -> str:
    return name if len(name) <= 34 else name[:31] + "..."
