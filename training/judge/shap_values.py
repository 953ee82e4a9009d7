"""Contributions of features to single scores (Shapley values, Lundberg and Lee 2017), in the shape a page draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.judge.columns import columns_by_feature, together
from training.rows import Floats


def shap_details(
    contributions: Floats,
    names: Sequence[str],
    values: Floats,
    keys: Sequence[str],
    prepared: Floats,
    *,
    most_features: int = 12,
    most_points: int = 500,
    seed: int = 0,
) -> dict[str, Any]:
    """`details["shap"]`: `features` by mean absolute effect, `points` of a seeded sample of rows for the first ones.

    `contributions` [n, d + 1] are a `Scorer`'s, the last column the expected value, of `prepared` [n, d] whose columns
    are `names`; `values` [n, f] are the same rows with the features `keys` as people know them. A point's `value` is
    the feature's (None where missing), its `effect` what all its columns together add to the score.
    """
    groups = columns_by_feature(names, keys)
    effects = together(contributions[:, :-1], groups)
    size = np.abs(effects).mean(axis=0)
    ranked = sorted(zip(groups, size.tolist(), strict=True), key=lambda pair: -pair[1])
    rows = _sample(len(values), most_points, seed)
    shown = {}
    for feature, _ in ranked[:most_features]:
        own = values[:, keys.index(feature)] if feature in keys else prepared[:, groups[feature][0]]
        effect = effects[rows, list(groups).index(feature)]
        shown[feature] = {"value": _listed(own[rows]), "effect": effect.tolist()}
    return {"features": [{"feature": name, "mean_abs": each} for name, each in ranked], "points": shown}


def _sample(rows: int, most: int, seed: int) -> Any:
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def _listed(values: Floats) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]
