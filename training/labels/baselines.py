"""What a version has to beat, judged on the same test rows."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from strata.errors import DefinitionInvalid
from training.definition import RecencyBaseline
from training.judge.compare import compare
from training.judge.intervals import Resampling, interval
from training.judge.metrics import metric
from training.rows import Floats, Part, TrainingRows

_RANKED: Final = ("roc_auc", "average_precision")


def baselines(
    rows: TrainingRows, recency: RecencyBaseline | None, scores: Floats, how: Resampling
) -> list[dict[str, Any]]:
    """The majority answer, the recency rule when declared, and a logistic regression, beside `scores` [n] of a version.

    `ahead`: how much better the version ranks (ROC AUC), on the same resampled rows.
    """
    test = rows.test
    assert test is not None
    ways = {"nobody responds (majority)": np.zeros(len(test.labels))}
    if recency is not None:
        ways[recency.name] = recency_rule(rows, recency)
    ways["logistic regression"] = _logistic(rows.train, how.seed).decision_function(test.values)
    return [_judge(name, test, found, scores, how) for name, found in ways.items()]


def class_baselines(rows: TrainingRows, how: Resampling) -> list[dict[str, Any]]:
    """Of labels with more than two classes: the most frequent class, and a logistic regression; how often right."""
    test = rows.test
    assert test is not None
    most = np.full(len(test.labels), np.bincount(test.labels).argmax())
    ways = {
        "always the most frequent class": most,
        "logistic regression": _logistic(rows.train, how.seed).predict(test.values),
    }
    return [{"name": name, "accuracy": _right(test, given, how)} for name, given in ways.items()]


def recency_rule(rows: TrainingRows, recency: RecencyBaseline) -> Floats:
    """1 where the test row's feature is at most so many days, else 0."""
    if recency.feature not in rows.schema.keys:
        raise DefinitionInvalid(f"the baseline reads {recency.feature}, which {rows.schema.service} does not have")
    assert rows.test is not None
    days = rows.test.values[:, rows.schema.keys.index(recency.feature)]
    recent: Floats = (np.nan_to_num(days, nan=np.inf) <= recency.at_most_days).astype(np.float64)
    return recent


def _logistic(train: Part, seed: int) -> Pipeline:
    pipeline = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=0.05, max_iter=500, class_weight="balanced", random_state=seed),
    )
    return pipeline.fit(train.values, train.labels)


def _judge(name: str, test: Part, found: Floats, scores: Floats, how: Resampling) -> dict[str, Any]:
    chosen = found > 0
    hits = int(test.labels[chosen].sum())
    ranked = {each: interval(metric(each, test.labels, found), len(found), how).to_json() for each in _RANKED}
    ahead = compare(test.labels, found, scores, "roc_auc", how.groups, seed=how.seed, resamples=how.resamples)
    return {
        "name": name,
        **ranked,
        "ahead": ahead,
        "precision": hits / int(chosen.sum()) if chosen.any() else None,
        "recall": hits / max(int(test.labels.sum()), 1),
    }


def _right(test: Part, given: Floats, how: Resampling) -> dict[str, float]:
    right = (given == test.labels).astype(np.float64)
    return interval(
        lambda weights: np.einsum("ij,j->i", weights, right) / weights.sum(axis=1), len(right), how
    ).to_json()
