"""Contributions to several classes, in the shape a page draws: a cell for each feature and class."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

import numpy as np
from scipy.stats import rankdata

from training.judge.columns import columns_by_feature, together
from training.rows import Floats

CLEAR: Final = 0.3
"""Of a rank correlation: below it a feature that helps a class at both ends, or in the middle, would have a sign."""


def class_shap_details(
    contributions: Floats,
    names: Sequence[str],
    values: Floats,
    keys: Sequence[str],
    prepared: Floats,
    *,
    classes: Sequence[str],
    nominal: Collection[str] = (),
) -> dict[str, Any]:
    """`details["shap"]` of more than two classes: `classes`, and `features` by their mean absolute effect on all
    classes together (`mean_abs`).

    Each feature has its mean absolute effect `by_class`, the class it moves `most`, and by class a `direction`: 1 where
    high values speak for the class, -1 where they speak against it, 0 where neither is clear (a rank correlation
    within 0.3) or the feature is a category (`nominal`). `contributions` [n, classes, d + 1]; the others are
    `shap_details`'.
    """
    groups = columns_by_feature(names, keys)
    effects = np.stack([together(each[:, :-1], groups) for each in contributions.swapaxes(0, 1)], axis=1)
    size = np.abs(effects).mean(axis=0)
    order = np.argsort(-size.sum(axis=0), kind="stable")
    features = list(groups)
    told = []
    for place in order.tolist():
        name = features[place]
        own = values[:, keys.index(name)] if name in keys else prepared[:, groups[name][0]]
        told.append(
            {
                "feature": name,
                "mean_abs": float(size[:, place].sum()),
                "most": classes[int(size[:, place].argmax())],
                "by_class": size[:, place].tolist(),
                "direction": [0 if name in nominal else _direction(own, effect) for effect in effects[:, :, place].T],
            }
        )
    return {"classes": list(classes), "features": told}


def _direction(values: Floats, effect: Floats) -> int:
    known = ~np.isnan(values)
    if known.sum() < 2 or np.ptp(values[known]) == 0 or np.ptp(effect[known]) == 0:
        return 0
    found = float(np.corrcoef(rankdata(values[known]), rankdata(effect[known]))[0, 1])
    return int(np.sign(found)) if abs(found) >= CLEAR else 0
