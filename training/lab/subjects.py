"""What is compared: every algorithm on the demonstration's history, and on one more real table each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import yaml

from training.algorithms import list_algorithms, section_of
from training.definition import FOLDER, Definition
from training.sections import ClusterSection

JOURNEY: Final = "complete_journey"
CLUSTER_TABLE: Final = "online_retail"
LABEL_TABLES: Final = ("online_shoppers", "adult")
OWN_KEYS: Final[dict[str, dict[str, Any]]] = {
    "lightgbm": {"trees": 200, "parameters": {"num_leaves": 15, "learning_rate": 0.05, "min_data_in_leaf": 50}},
    "random_forest": {"trees": 300},
    "xgboost": {
        "trees": 300,
        "parameters": {
            "max_depth": 3,
            "learning_rate": 0.05,
            "min_child_weight": 20,
            "subsample": 0.7,
            "colsample_bytree": 0.4,
        },
    },
}
"""What an algorithm's section needs and the shipped files do not say, or say for another one."""

PROTECTED: Final[dict[str, list[str]]] = {"online_shoppers": [], "adult": ["adult:gender", "adult:race"]}
"""Of whom each table's fairness is measured."""


@dataclass(frozen=True)
class Subject:
    """One algorithm on one table."""

    algorithm: str
    table: str

    @property
    def name(self) -> str:
        """`algorithm@table`, as on the command line and in the JSON."""
        return f"{self.algorithm}@{self.table}"


def subjects() -> list[Subject]:
    """Every algorithm the lab finds, on Complete Journey and on its further table."""
    found = []
    for kind in list_algorithms():
        clusters = issubclass(section_of(kind), ClusterSection)
        tables = (JOURNEY, CLUSTER_TABLE) if clusters else (JOURNEY, *LABEL_TABLES)
        found += [Subject(kind, table) for table in tables]
    return found


def define(subject: Subject) -> Definition:
    """The shipped file of that kind of segmenter with another algorithm, and another table's features."""
    clusters = issubclass(section_of(subject.algorithm), ClusterSection)
    document = yaml.safe_load((FOLDER / f"{'value_tiers' if clusters else 'promo_responder'}.yaml").read_text("utf-8"))
    document |= {"name": f"lab_{subject.algorithm}", "gates": {}}
    shared = ("k_range", "quantiles", "bootstraps", "axes", "archetypes") if clusters else ("calibration", "bands")
    section = {key: value for key, value in document["algorithm"].items() if key in shared}
    if clusters and subject.table == CLUSTER_TABLE:
        section["axes"] = _RETAIL_AXES
        document["prepare"] = {"leave_out": ["online_retail:returned"]}
    if not clusters and subject.table != JOURNEY:
        document.pop("baseline")
        document["judge"] = {"protected": PROTECTED[subject.table]}
        section["bands"] = TABLE_BANDS
        document["fallback"] = ["unlikely"]
    own = {} if clusters or (subject.algorithm, subject.table) == ("lightgbm", JOURNEY) else OWN_KEYS
    if (subject.algorithm, subject.table) == ("lightgbm", JOURNEY):
        section = document["algorithm"]
    document["algorithm"] = section | own.get(subject.algorithm, {}) | {"kind": subject.algorithm}
    return Definition.model_validate(document)


_RETAIL_AXES: Final[dict[str, Any]] = {
    "recency": {"features": ["online_retail:recency"], "reversed": True, "missing": "high", "unit": "days"},
    "frequency": {"features": ["online_retail:frequency"], "missing": "low", "unit": "invoices"},
    "monetary": {"features": ["online_retail:monetary"], "missing": "low", "unit": "pounds"},
    "basket": {"features": ["online_retail:basket"], "missing": "median", "unit": "pounds an invoice"},
}
TABLE_BANDS: Final[list[dict[str, Any]]] = [
    {"key": "likely", "label": "Likely", "description": "Most of them do.", "precision_at_least": 0.6},
    {"key": "possible", "label": "Possible", "description": "Some of them do.", "recall_at_least": 0.95},
    {"key": "unlikely", "label": "Unlikely", "description": "Hardly any does."},
]
