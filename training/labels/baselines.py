"""What a version has to beat, judged on the same test rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from strata.errors import DefinitionInvalid
from training.definition import RecencyBaseline
from training.labels.curves import average_precision, roc_auc
from training.rows import Floats, Part, TrainingRows


def baselines(rows: TrainingRows, recency: RecencyBaseline | None, seed: int) -> list[dict[str, Any]]:
    """The majority answer, the recency rule when declared, and a logistic regression."""
    test = rows.test
    assert test is not None
    out = [_judge("nobody responds (majority)", test, np.zeros(len(test.labels)))]
    if recency is not None:
        out.append(_judge(recency.name, test, recency_rule(rows, recency)))
    out.append(_judge("logistic regression", test, _logistic(rows.train, test, seed)))
    return out


def recency_rule(rows: TrainingRows, recency: RecencyBaseline) -> Floats:
    """1 where the test row's feature is at most so many days, else 0."""
    if recency.feature not in rows.schema.keys:
        raise DefinitionInvalid(f"the baseline reads {recency.feature}, which {rows.schema.service} does not have")
    assert rows.test is not None
    days = rows.test.values[:, rows.schema.keys.index(recency.feature)]
    recent: Floats = (np.nan_to_num(days, nan=np.inf) <= recency.at_most_days).astype(np.float64)
    return recent


def _logistic(train: Part, test: Part, seed: int) -> Floats:
    pipeline = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=0.05, max_iter=500, class_weight="balanced", random_state=seed),
    )
    decision: Floats = pipeline.fit(train.values, train.labels).decision_function(test.values)
    return decision


def _judge(name: str, test: Part, scores: Floats) -> dict[str, Any]:
    chosen = scores > 0
    hits = int(test.labels[chosen].sum())
    return {
        "name": name,
        "roc_auc": roc_auc(test.labels, scores),
        "average_precision": average_precision(test.labels, scores),
        "precision": hits / int(chosen.sum()) if chosen.any() else None,
        "recall": hits / max(int(test.labels.sum()), 1),
    }
