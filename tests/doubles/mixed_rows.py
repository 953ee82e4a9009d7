"""Rows of numbers and a category, some missing, for whatever prepares them: 3 numbers, one column of 4 categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from toy_training import RESPONDERS, TIERS

from strata.runtime import FeatureInput
from training.definition import Definition
from training.rows import FeatureSchema

DAYS, ORDERS, SPEND, TIER = KEYS = ("v:days", "v:orders", "v:spend", "v:tier")
CATEGORIES = ("bronze", "silver", "gold", "never_seen")


def mixed_schema(categories: tuple[str, ...] = CATEGORIES) -> FeatureSchema:
    """`v:days`, `v:orders`, `v:spend` and `v:tier`."""
    features = (
        FeatureInput("v", "days", "float64"),
        FeatureInput("v", "orders", "int64"),
        FeatureInput("v", "spend", "float64"),
        FeatureInput("v", "tier", "string", None, categories),
    )
    return FeatureSchema("mixed", features, {"v": "00112233445566ff"})


@dataclass(frozen=True)
class MixedRows:
    """Raw values [n, 4], labels and users."""

    values: NDArray[np.float64]
    labels: NDArray[np.int8]
    users: NDArray[np.int64]


def mixed_rows(count: int = 200, seed: int = 0, missing: float = 0.1) -> MixedRows:
    """Spend is about 10 an order, so that one can be told from the other; gold users answer more often."""
    rng = np.random.default_rng(seed)
    orders = rng.poisson(5.0, count).astype(np.float64)
    tier = rng.integers(0, 3, count)
    values = np.column_stack(
        [rng.exponential(20.0, count), orders, 10.0 * orders + rng.normal(0.0, 1.0, count), tier.astype(np.float64)]
    )
    labels = (rng.random(count) < np.where(tier == 2, 0.6, 0.2)).astype(np.int8)
    values[rng.random(values.shape) < missing] = np.nan
    return MixedRows(values, labels, np.arange(count) // 2)


def label_definition(**prepare: Any) -> Definition:
    """Trees with this `prepare`; `balance`, `judge` and the like are top-level keys."""
    return _definition(RESPONDERS, prepare)


def cluster_definition(**prepare: Any) -> Definition:
    """k-means with this `prepare`, its axes over the three numbers."""
    axes = {
        "recency": {"features": [DAYS], "missing": "high", "reversed": True, "unit": "days"},
        "value": {"features": [ORDERS, SPEND], "missing": "low", "unit": "things"},
    }
    algorithm: Any = TIERS["algorithm"]
    archetypes = [{**each, "anchor": {"recency": 0.5, "value": 0.5}} for each in algorithm["archetypes"]]
    return _definition({**TIERS, "algorithm": {**algorithm, "axes": axes, "archetypes": archetypes}}, prepare)


def _definition(document: dict[str, Any], prepare: dict[str, Any]) -> Definition:
    above = {key: prepare.pop(key) for key in ("balance", "judge", "baseline", "seed", "algorithm") if key in prepare}
    return Definition.model_validate({**document, "baseline": None, **above, "prepare": prepare})
