"""What features contribute to what a model says, of two classes and of more in one shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lightgbm
import numpy as np

from strata.runtime.boosted import MODEL_FILE
from training.labels.learn import Learned
from training.rows import Floats


def contributions(learned: Learned, prepared: Floats) -> Floats | None:
    """[n, sums, d + 1] of prepared rows [n, d]: Shapley values, the last column the expected value. None where the
    algorithm has none.

    Of two classes one sum, `Scorer.raw`. Of more a sum each, as the package has them: logarithms of probabilities,
    beside their mean over the classes (what all classes gain alike moves none of them), or, in a random forest, parts
    of a whole.
    """
    if learned.scorer.classes == 2:
        found = learned.scorer.contributions(prepared)
        return None if found is None else found[:, None, :]
    exported = learned.scorer.export()
    if MODEL_FILE in exported.files:
        several = _of_trees(exported.files[MODEL_FILE].decode(), prepared, learned.scorer.classes)
    else:
        several = _of_weights(exported.model, prepared, learned.rows.values)
    if exported.model.get("link") == "shares":
        return several
    beside: Floats = several - several.mean(axis=1, keepdims=True)
    return beside


def _of_trees(text: str, prepared: Floats, classes: int) -> Floats:
    """By TreeSHAP (Lundberg et al. 2020), of trees of any library: all leave as LightGBM's text."""
    found = lightgbm.Booster(model_str=text).predict(prepared, pred_contrib=True, num_threads=1)
    return np.asarray(found, dtype=np.float64).reshape(len(prepared), classes, -1)


def _of_weights(model: Mapping[str, Any], prepared: Floats, learned: Floats) -> Floats:
    """Exact for independent columns: each weight times the distance from the mean (Lundberg and Lee 2017)."""
    weights, means = np.asarray(model["weights"]), learned.mean(axis=0)
    expected = means @ weights.T + np.asarray(model["intercepts"])
    effects = (prepared - means)[:, None, :] * weights
    return np.concatenate([effects, np.broadcast_to(expected[None, :, None], (*effects.shape[:2], 1))], axis=2)
