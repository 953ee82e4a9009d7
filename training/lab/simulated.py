"""Simulated users for the lab's scale: what they do is made up, how many they are and how wide their rows is not."""

from __future__ import annotations

import numpy as np

from strata.runtime import FeatureInput
from training.rows import FeatureSchema, Floats, Part, TrainingRows

KINDS = 6
MISSING = 0.03
BASE_RATE = 0.05


def simulate(users: int, features: int, seed: int, *, labelled: bool = True) -> TrainingRows:
    """Users of six kinds that differ in the middle of every feature: counts and sums with long tails, shares, and
    3 % missing. A user responds by a logistic rule of ten of the features, about one in twenty does.

    60 % are train, 20 % validation, 20 % test; all are train unless `labelled`. A user's features are drawn alone, so
    no two rows belong together.
    """
    draws = np.random.default_rng(seed)
    kind = draws.integers(0, KINDS, users)
    middles = draws.normal(0.0, 1.2, (KINDS, features))
    values = np.empty((users, features))
    for column in range(features):
        drawn = middles[kind, column] + draws.normal(size=users)
        values[:, column] = _shape(drawn, column)
    scores = _standard(values[:, :10]) @ draws.normal(size=10)
    odds = scores + np.quantile(-scores, BASE_RATE)
    labels = (draws.random(users) < 1.0 / (1.0 + np.exp(-2.0 * odds))).astype(np.int8)
    values[draws.random(values.shape, dtype=np.float32) < MISSING] = np.nan
    inputs = tuple(FeatureInput("simulated", f"f{number:02d}", "float64") for number in range(features))
    schema = FeatureSchema("simulated", inputs, {"simulated": "0" * 16})
    if not labelled:
        return TrainingRows(schema, Part(values, np.zeros(users, dtype=np.int8)))
    first, second = users * 6 // 10, users * 8 // 10
    train, validation, test = (
        Part(values[a:b], labels[a:b]) for a, b in ((0, first), (first, second), (second, users))
    )
    return TrainingRows(schema, train, validation, test, "Simulated users, drawn one by one.")


def _shape(drawn: Floats, column: int) -> Floats:
    """A third counts, a third amounts, a third shares."""
    if column % 3 == 0:
        return np.floor(np.exp(drawn))
    return np.exp(drawn + 2.0) if column % 3 == 1 else 1.0 / (1.0 + np.exp(-drawn))


def _standard(values: Floats) -> Floats:
    logs = np.log1p(values)
    found: Floats = (logs - logs.mean(axis=0)) / logs.std(axis=0)
    return found
