"""How good supervised learning is on two tables whose figures are published, under the same protocols.

- Online Shoppers: ROC AUC in nested 10-fold, equal sessions (125 repetitions) on one side of every fold, parameters
  searched anew in each.
- Adult: accuracy on the published test split (`adult.test`, 16,281 rows), parameters searched on `adult.data` alone.

What others reached stands in `published.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from training.definition import Definition
from training.judge.folds import grouped_folds
from training.judge.intervals import Resampling, interval
from training.judge.metrics import metric
from training.lab.data_sets import DataSet, adult, online_shoppers
from training.labels.learn import fit_score
from training.labels.nested import nested_judgement
from training.labels.tune import search_scratch, tune
from training.rows import FeatureSchema, Part
from training.tables import gather_table

Progress = Callable[[str], None]
_INNER: Final = 3
_SECTION: Final[dict[str, Any]] = {
    "kind": "lightgbm",
    "trees": 200,
    "parameters": {"bagging_freq": 1},
    "bands": [
        {"key": "likely", "label": "Likely", "description": "", "recall_at_least": 0.5},
        {"key": "unlikely", "label": "Unlikely", "description": ""},
    ],
}
_SEARCHED: Final[dict[str, dict[str, Any]]] = {
    "trees": {"low": 100, "high": 500, "whole": True},
    "parameters.num_leaves": {"low": 7, "high": 31, "whole": True, "log": True},
    "parameters.learning_rate": {"low": 0.02, "high": 0.08, "log": True},
    "parameters.min_data_in_leaf": {"low": 10, "high": 80, "whole": True, "log": True},
    "parameters.feature_fraction": {"low": 0.3, "high": 0.8},
    "parameters.bagging_fraction": {"low": 0.5, "high": 0.9},
    "parameters.lambda_l2": {"low": 1.0, "high": 30.0, "log": True},
}


def shoppers_quality(
    folder: Path, *, trials: int = 20, outer: int = 10, seed: int = 7, scratch: Path | None = None,
    progress: Progress = lambda stage: None,
) -> dict[str, Any]:  # fmt: skip
    """`protocol`, `seed`, `trials`, `rows`, and what `Nested.to_json` has."""
    table = online_shoppers(folder)
    schema, part = _rows(table)
    found = nested_judgement(
        _definition(table.name, trials, seed), schema, part, outer=outer, inner=_INNER, scratch=scratch,
        progress=progress,
    )  # fmt: skip
    protocol = f"nested, grouped {outer}-fold; inner {_INNER}-fold, {trials} trials by TPE in each outer fold"
    return {"table": table.name, "protocol": protocol, "seed": seed, "rows": len(part.labels), **found.to_json()}


def adult_quality(
    folder: Path, *, trials: int = 20, seed: int = 7, scratch: Path | None = None,
    progress: Progress = lambda stage: None,
) -> dict[str, Any]:  # fmt: skip
    """`accuracy`, `roc_auc` with bootstrap intervals on the published test split, and the `tuning` before it."""
    table = adult(folder)
    assert table.test is not None
    schema, part = _rows(table)
    learned, judged = part.chosen(~table.test), part.chosen(table.test)
    definition = _definition(table.name, trials, seed)
    assert learned.users is not None
    folds = grouped_folds(learned.users, learned.labels, _INNER, seed)
    kept = search_scratch(scratch, definition, learned)
    tuned = tune(definition, schema, learned, folds, scratch=kept, progress=progress)
    progress("judging the test split")
    raw = fit_score(tuned.definition, schema)(learned, judged.values)
    probability = 1 / (1 + np.exp(-raw))
    how = Resampling(1_000, seed, strata=judged.labels)
    figures = {
        name: interval(metric(name, judged.labels, probability), len(raw), how).to_json()
        for name in ("accuracy", "roc_auc", "average_precision", "brier")
    }
    protocol = f"published test split (adult.test); {_INNER}-fold grouped search of {trials} trials on adult.data"
    rows = {"train": len(learned.labels), "test": len(judged.labels)}
    return {
        "table": table.name, "protocol": protocol, "seed": seed, "rows": rows, **figures, "tuning": tuned.to_json(),
    }  # fmt: skip


def _rows(table: DataSet) -> tuple[FeatureSchema, Part]:
    assert table.labels is not None
    rows = gather_table(table.name, table.features, None, table.groups, seed=0).rows
    return rows.schema, Part(rows.train.values, table.labels, table.groups)


def _definition(name: str, trials: int, seed: int) -> Definition:
    """Unbalanced: a ranking needs no weights, and an accuracy would lose by them."""
    return Definition.model_validate(
        {
            "name": name, "description": "", "feature_service": name, "seed": seed, "fallback": ["unlikely"],
            "label": {"event_type": "label", "horizon_days": 1}, "balance": "none", "judge": {"resamples": 1_000},
            "split": {"step_days": 1, "train_dates": 1, "validation_dates": 1}, "algorithm": _SECTION,
            "tune": {"trials": trials, "parameters": _SEARCHED},
        }
    )  # fmt: skip
