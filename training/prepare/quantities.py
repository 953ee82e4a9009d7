"""A number's prepared columns: held to what it may be, filled, brought to scale."""

from __future__ import annotations

from typing import Final, cast

import numpy as np

from strata.runtime.prepare import Fill, FillLinear, Indicator, Knots, Scale
from training.prepare.fills import linear_fill, median_fill
from training.prepare.learning import Column, Learning
from training.prepare.scales import LinearKind, fit_linear, fit_ranks, fit_scale

_RANKED: Final = ("axes", "quantile")
"""Scales by rank are flat outside their knots: infinite values do no harm there."""


def number_columns(learning: Learning, i: int) -> tuple[list[Column], str]:
    """Of raw feature i; and how its missing values are met."""
    key = learning.schema.keys[i]
    ranked = learning.scaling in _RANKED
    fills = learning.preparation.missing != "as_is"
    source = learning.guarded(i, finite=fills and not ranked)
    slot, how = _fill(learning, i, source) if fills else (source, "left as it is")
    axis = learning.axes.get(key) if learning.scaling == "axes" else None
    if axis is None:
        columns = [Column(scaled(learning, slot, learning.weight(i)), key)]
    else:
        scale = fit_scale(learning.built.columns[slot], axis, learning.quantiles)
        how = how if fills else f"put at the {axis.missing} end of its axis" if axis.missing != "median" else "median"
        slot = learning.built.add(Fill(slot, scale.missing))
        slot = learning.built.add(Knots(slot, scale.knots, scale.levels * learning.weight(i)))
        columns = [Column(slot, key)]
    return [*columns, *indicator(learning, i, source)], how


def scaled(learning: Learning, slot: int, weight: float = 1.0) -> int:
    """The slot of a quantity in the declared scale, times `weight`."""
    built, kind = learning.built, learning.scaling
    if kind in _RANKED:
        knots, levels = fit_ranks(built.columns[slot], learning.quantiles)
        return built.add(Knots(slot, knots, levels * weight))
    if kind == "none":
        return slot if weight == 1.0 else built.add(Scale(slot, 0.0, weight))
    offset, factor = fit_linear(cast(LinearKind, kind), built.columns[slot])
    return built.add(Scale(slot, offset, factor * weight))


def indicator(learning: Learning, i: int, source: int) -> list[Column]:
    """A column that says where it was missing, when one is declared and training rows had such."""
    if not learning.preparation.indicator or not np.isnan(learning.built.columns[source]).any():
        return []
    name = f"{learning.schema.keys[i]} is missing"
    slot = learning.built.add(Indicator(source))
    weight = learning.weight(i)
    if weight != 1.0:
        slot = learning.built.add(Scale(slot, 0.0, weight))
    return [Column(slot, name, nominal=name)]


def _fill(learning: Learning, i: int, source: int) -> tuple[int, str]:
    built, column = learning.built, learning.built.columns[source]
    median = median_fill(column)
    missing = np.isnan(column).any()
    if learning.preparation.missing == "model" and missing:
        others = [
            learning.filled(j)
            for j, feature in enumerate(learning.schema.features)
            if j != i and feature.dtype != "string" and feature.key not in learning.preparation.leave_out
        ]
        found = linear_fill(column, [built.columns[slot] for slot in others], learning.seed)
        if found is not None:
            step = FillLinear(source, tuple(others), found.weights, found.intercept, found.low, found.high)
            return built.add(step), f"predicted from {len(others)} other features"
    excluded = "rows left out; online " if learning.preparation.missing == "exclude" else ""
    return built.add(Fill(source, median)), f"{excluded}median {median:g}"
