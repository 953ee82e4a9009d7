"""A small synthetic world to train in: a reader whose features are arithmetic, and events that follow from them.

Users u000..u239 are of four kinds (number % 4): 0 buys much and redeems, 1 buys some, 2 little, 3 hardly ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from strata.events import DAY_US, event_schema
from strata.runtime import FeatureInput
from training.algorithms import section_of
from training.definition import Definition
from training.history import History
from training.produce import Sources
from training.rows import FeatureSchema
from training.sections import ClusterSection

START_US = 17_167 * DAY_US  # 2017-01-01
NOW_US = START_US + 330 * DAY_US
USERS = [f"u{number:03d}" for number in range(240)]
KEYS = ("toy:recency", "toy:orders", "toy:spend", "toy:basket")

TIERS = {
    "name": "toy_tiers",
    "description": "Toy tiers.",
    "feature_service": "toy",
    "fallback": ["low"],
    "gates": {"silhouette": 0.2, "stability": 0.7},
    "algorithm": {
        "kind": "kmeans",
        "k_range": [3, 4],
        "bootstraps": 4,
        "axes": {
            "recency": {"features": ["toy:recency"], "missing": "high", "reversed": True, "unit": "days"},
            "value": {"features": ["toy:orders", "toy:spend"], "missing": "low", "unit": "things"},
            "basket": {"features": ["toy:basket"], "missing": "median", "unit": "per order"},
        },
        "archetypes": [
            {"key": key, "label": key.capitalize(), "description": f"{key} ones.", "anchor": anchor}
            for key, anchor in {
                "best": {"recency": 0.9, "value": 0.9, "basket": 0.9},
                "good": {"recency": 0.6, "value": 0.6, "basket": 0.6},
                "some": {"recency": 0.4, "value": 0.4, "basket": 0.4},
                "low": {"recency": 0.1, "value": 0.1, "basket": 0.1},
            }.items()
        ],
    },
}

RESPONDERS = {
    "name": "toy_responders",
    "description": "Toy responders.",
    "feature_service": "toy",
    "fallback": ["unlikely"],
    "label": {"event_type": "coupon_redemption", "horizon_days": 30},
    "split": {"step_days": 10, "train_dates": 4, "validation_dates": 2},
    "baseline": {"name": "bought lately", "feature": "toy:recency", "at_most_days": 3},
    "gates": {"roc_auc": 0.7},
    "algorithm": {
        "kind": "lightgbm",
        "trees": 20,
        "parameters": {"num_leaves": 4, "min_data_in_leaf": 20},
        "bands": [
            {"key": "likely", "label": "Likely", "description": "Yes.", "precision_at_least": 0.4},
            {"key": "possible", "label": "Possible", "description": "Perhaps.", "recall_at_least": 1.0},
            {"key": "unlikely", "label": "Unlikely", "description": "No."},
        ],
    },
}


@dataclass(frozen=True)
class ToyReader:
    """Features by arithmetic: no store, no Feast. The user's kind decides, a hash of user and day adds noise."""

    def schema(self, service: str) -> FeatureSchema:
        features = tuple(FeatureInput(*key.split(":"), "float64") for key in KEYS)
        return FeatureSchema(service, features, {"toy": "00112233445566ff"})

    def matrix(self, service: str, users: Sequence[str], times_us: NDArray[np.int64]) -> NDArray[np.float64]:
        number = np.array([int(user[1:]) for user in users])
        kind, day = number % 4, times_us // DAY_US
        noise = ((number * 7919 + day * 104_729) % 1_000) / 1_000
        values = np.column_stack(
            [
                1 + 8 * kind + 6 * noise,
                40 / (1 + kind) + 4 * noise,
                900 / (1 + kind) ** 2 + 90 * noise,
                20 - 4 * kind + noise,
            ]
        )
        values[(kind == 3) & (noise > 0.8), 0] = np.nan
        return values


def write_toy_events(history: Path) -> History:
    """One purchase per user at the start; redemptions of kind 0 (half of the months) and a few of kind 1."""
    rows = [(user, "purchase", START_US + DAY_US) for user in USERS]
    for month in range(11):
        for number, user in enumerate(USERS):
            redeems = (number % 4 == 0 and (number // 4 + month) % 2 == 0) or (
                number % 4 == 1 and (number + month) % 12 == 1
            )
            if redeems:
                rows.append((user, "coupon_redemption", START_US + (30 * month + number % 28) * DAY_US + 1))
    write_events(history, rows)
    return History(history)


def write_events(
    history: Path, rows: Sequence[tuple[str, str, int]], *, value: int | None = None, month: str = "2017-01"
) -> None:
    """Write (user, type, instant) as one file of the history, recorded when they happened, each of `value` cents."""
    folder = history / "events" / f"month={month}"
    folder.mkdir(parents=True, exist_ok=True)
    events = [
        {
            "event_id": f"e{month}{i}",
            "user_id": user,
            "event_type": kind,
            "event_time": at,
            "recorded_at": at,
            "utc_offset_s": 0,
            "value": value,
        }
        for i, (user, kind, at) in enumerate(rows)
    ]
    pq.write_table(pa.Table.from_pylist(events, schema=event_schema()), folder / "toy.parquet")


def toy_sources(history: Path) -> Sources:
    """The toy world, written below `history`."""
    return Sources(ToyReader(), write_toy_events(history))


def toy_definition(document: dict[str, object], **changes: object) -> Definition:
    """A definition, with top-level keys replaced."""
    return Definition.model_validate({**document, **changes})


def toy_document(kind: str) -> dict[str, object]:
    """The toy world's file for any algorithm: the keys its section shares with those of the two above."""
    section = section_of(kind)
    document = TIERS if issubclass(section, ClusterSection) else RESPONDERS
    algorithm: dict[str, object] = document["algorithm"]  # type: ignore[assignment]
    known = {key: value for key, value in algorithm.items() if key in section.model_fields and key != "parameters"}
    return {**document, "gates": {}, "algorithm": {**known, "kind": kind}}
