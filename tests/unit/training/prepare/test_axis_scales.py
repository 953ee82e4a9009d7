"""Axis scales around the models of a package."""

from __future__ import annotations

import numpy as np

from training.algorithms.port import Exported
from training.prepare.axis_scales import AxisScales, fit_axis_scales
from training.sections import Axis, ClusterSection

VALUES = np.array([[1.0, 5.0], [2.0, np.nan], [4.0, 7.0]])


def _scales() -> AxisScales:
    axes = {name: Axis(features=(f"v:{name}",), missing="low", unit="u") for name in ("a", "b")}
    section = ClusterSection.model_construct(axes=axes, quantiles=3)
    return fit_axis_scales(section, ["v:a", "v:b"], VALUES)


def test_centroids_and_scales_are_one_kmeans_model() -> None:
    """The kernel scores that format."""
    wrapped = _scales().wrap(Exported({"format": "centroids/1", "centroids": [[0.0, 1.0], [1.0, 0.0]]}))
    assert wrapped.model["format"] == "kmeans/1"
    assert wrapped.model["centroids"] == [[0.0, 1.0], [1.0, 0.0]]


def test_another_model_reads_a_fill_and_knots_for_each_feature() -> None:
    """Slots 0 and 1 are the features; each step appends one, and the knots' are selected."""
    inner = {"format": "mixture/1", "means": [[0.0, 1.0]]}
    wrapped = _scales().wrap(Exported(inner, {"more.bin": b"x"}))
    assert wrapped.files == {"more.bin": b"x"}
    assert wrapped.model == {
        "format": "prepared/1",
        "steps": [
            {"kind": "fill", "input": 0, "value": 1.0},
            {"kind": "knots", "input": 2, "knots": [1.0, 2.0, 4.0], "levels": [0.0, 0.5, 1.0]},
            {"kind": "fill", "input": 1, "value": 5.0},
            {"kind": "knots", "input": 4, "knots": [5.0, 6.0, 7.0], "levels": [0.0, 0.5, 1.0]},
        ],
        "select": [3, 5],
        "model": inner,
    }
