"""A panel for each class: its probability as a ranking, against all other classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.figures.curves import banded
from training.report.numbers import spread
from training.report.picture import Picture
from training.report.style import INK, panels
from training.report.wrapping import wrapped

_COLUMNS: Final = 4
_INCHES: Final = 2.4


def class_roc_picture(found: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> Picture:
    """ROC curves with their bootstrap bands. `labels`: what people call the classes."""
    made, places = _panels(len(found), "share of all others included", "share of the class included")
    for axes, one in zip(places, found, strict=True):
        _draw(axes, one["roc"], labels[one["class"]], one["roc_auc"])
        axes.plot([0, 1], [0, 1], color=INK, linestyle=":", linewidth=1)
    said = "Each class by its own probability, with the area under the curve. Dotted: chance."
    return Picture("ROC of each class against the rest", said, made)


def class_precision_recall_picture(found: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> Picture:
    """Precision against recall with bands, and the class's own share."""
    made, places = _panels(len(found), "recall: found of the class", "precision: of the class, of those taken")
    for axes, one in zip(places, found, strict=True):
        _draw(axes, one["precision_recall"], labels[one["class"]], one["average_precision"])
        axes.axhline(one["base_rate"], color=INK, linestyle=":", linewidth=1)
    said = "With the average precision. Dotted: the class's share of all."
    return Picture("Precision and recall of each class against the rest", said, made)


def _panels(count: int, across: str, up: str) -> tuple[Figure, list[Axes]]:
    made, places = panels(count, _COLUMNS, _INCHES, _INCHES + 0.3)
    made.supxlabel(across, fontsize=9, color=INK)
    made.supylabel(up, fontsize=9, color=INK)
    return made, places


def _draw(axes: Axes, curve: Mapping[str, Any], name: str, area: Any) -> None:
    banded(axes, curve)
    axes.set_ylim(0, 1.03)
    axes.set_title(f"{wrapped(name, 22, 2)}\n{spread(area)}", fontsize=8.5, loc="left")
