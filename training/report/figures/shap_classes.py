"""Which features move users into which class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from training.report.figures.cells import draw_cells
from training.report.picture import Picture
from training.report.style import figure
from training.report.wrapping import shortened, wrapped

_SHOWN = 12
_SIGNS = {1: "+", -1: "\u2212", 0: ""}


def class_shap_picture(found: Mapping[str, Any], labels: Mapping[str, str]) -> Picture | None:
    """Features down, classes across; None where there are none. `labels`: what people call the classes."""
    top = list(found.get("features", ()))[:_SHOWN]
    classes = list(found.get("classes", ()))
    if not top or not classes:
        return None
    grid = np.array([one["by_class"] for one in top], dtype=np.float64)
    signs = [one.get("direction") or [0] * len(classes) for one in top]
    digits = 2 if grid.max() >= 0.2 else 3  # log-odds, or a forest's shares
    words = [
        [f"{_SIGNS[sign]}{size:.{digits}f}" for sign, size in zip(row, sizes, strict=True)]
        for row, sizes in zip(signs, grid, strict=True)
    ]
    made, axes = figure(3.2 + 0.68 * len(classes), 1.7 + 0.3 * len(top))
    draw_cells(axes, grid, words, low=0.0, high=float(grid.max()))
    axes.set_yticks(np.arange(len(top)) + 0.5, [shortened(one["feature"], 34) for one in top])
    axes.set_xticks(
        np.arange(len(classes)) + 0.5, [wrapped(labels.get(key, key), 18, 1) for key in classes],
        rotation=40, ha="right", rotation_mode="anchor",
    )  # fmt: skip
    said = (
        "How much a feature moves each class, on average over users. + a high value speaks for the class, \u2212 it "
        "speaks against it; no sign: neither is clear, or it is a category."
    )
    return Picture("What moves users into which class", said, made)
