"""Evidently's report over the same samples, with our statistics registered as its tests.

Evidently's own PSI cuts equal widths between the two samples' extremes, so one large value moves every edge; its
default methods have no threshold that knows the number of rows. It therefore gets our statistics by name and our
thresholds per column: both pages say the same. The import costs about 7 CPU-seconds, so only `run` imports this.
"""

from __future__ import annotations

import os

os.environ.setdefault("DO_NOT_TRACK", "1")  # read by Evidently when it is imported

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.legacy.calculations.stattests import StatTest, register_stattest
from evidently.legacy.core import ColumnType
from evidently.metrics import MissingValueCount, RowCount, ValueDrift
from evidently.presets import DataDriftPreset
from evidently.tests import gte, lte

from monitoring.drift.bins import Floats
from monitoring.drift.level import level
from monitoring.drift.psi import psi_category, psi_decile
from monitoring.drift.verdict import Check, Column, ColumnVerdict

REGISTERED = ("psi_decile", "psi_category", "level")


def build_snapshot(verdicts: Sequence[ColumnVerdict], *, name: str, at: datetime, tags: list[str], rows: int) -> Any:
    """Run Evidently on the columns that can be judged; an `evidently` Snapshot, or None when there are none.

    A column without values on either side is left out: Evidently refuses a whole report over one of them.
    """
    _register()
    judged = [verdict for verdict in verdicts if verdict.checks[0].statistic is not None]
    if not judged:
        return None
    columns = [verdict.column for verdict in judged]
    definition = DataDefinition(
        numerical_columns=[column.name for column in columns if column.kind == "number"],
        categorical_columns=[column.name for column in columns if column.kind == "category"],
    )
    reference = pd.DataFrame({column.name: _series(column, column.reference) for column in columns})
    current = pd.DataFrame({column.name: _series(column, column.current) for column in columns})
    report = Report(_metrics(judged, rows), tags=tags, include_tests=True)
    return report.run(
        Dataset.from_pandas(current, data_definition=definition),
        Dataset.from_pandas(reference, data_definition=definition),
        timestamp=at,
        name=name,
    )


def _metrics(verdicts: Sequence[ColumnVerdict], rows: int) -> list[Any]:
    """The preset's table shows each column's leading statistic; the other one and missing values follow as metrics."""
    leading: dict[str, Check] = {}
    others: list[Any] = []
    for verdict in verdicts:
        name = verdict.column.name
        first, *rest = sorted(_registered(verdict), key=lambda check: -check.severity)
        leading[name] = first
        others += [ValueDrift(column=name, method=check.method, threshold=check.threshold) for check in rest]
        others.append(MissingValueCount(column=name, share_tests=_missing_bounds(verdict)))
    preset = DataDriftPreset(
        columns=list(leading),
        per_column_method={name: check.method for name, check in leading.items()},
        per_column_threshold={name: check.threshold for name, check in leading.items()},
        drift_share=1 / len(leading),  # one drifted column is drift, as in our own report
    )
    return [preset, *others, RowCount(tests=[gte(rows)])]


def _registered(verdict: ColumnVerdict) -> list[Check]:
    return [check for check in verdict.checks if check.method in REGISTERED and check.statistic is not None]


def _missing_bounds(verdict: ColumnVerdict) -> list[Any]:
    check: Check = verdict.checks[-1]
    share = float(np.mean(~np.isfinite(verdict.column.reference)))
    lower, upper = share - check.threshold, share + check.threshold
    return [lte(min(upper, 1.0))] + ([gte(lower)] if lower > 0 else [])


def _series(column: Column, values: Floats) -> pd.Series:
    if column.kind == "number":
        return pd.Series(np.where(np.isfinite(values), values, np.nan))
    names = [column.labels[int(value)] if np.isfinite(value) else None for value in values]
    return pd.Series(names, dtype=object)


def _register() -> None:
    """Tell Evidently our statistics; registering again replaces them."""
    number, category = [ColumnType.Numerical], [ColumnType.Categorical]
    for name, title, kinds, score in (
        ("psi_decile", "PSI over the reference's deciles", number, _score_psi_decile),
        ("level", "level (|log ratio| of trimmed means)", number, _score_level),
        ("psi_category", "PSI over categories", category, _score_psi_category),
    ):
        test = StatTest(name=name, display_name=title, allowed_feature_types=kinds, default_threshold=0.2)
        register_stattest(test, default_impl=_as_impl(score))


def _as_impl(score: Any) -> Any:
    def run(reference: pd.Series, current: pd.Series, kind: Any, threshold: float) -> tuple[float, bool]:
        value = score(reference, current)
        return value, value >= threshold

    return run


def _score_psi_decile(reference: pd.Series, current: pd.Series) -> float:
    return psi_decile(reference.to_numpy(np.float64), current.to_numpy(np.float64)).value


def _score_level(reference: pd.Series, current: pd.Series) -> float:
    found = level(reference.to_numpy(np.float64), current.to_numpy(np.float64))
    return 0.0 if found is None else abs(found.log_ratio)


def _score_psi_category(reference: pd.Series, current: pd.Series) -> float:
    before, after = reference.value_counts(), current.value_counts()
    labels = before.index.union(after.index)
    counts = [found.reindex(labels, fill_value=0).to_numpy(np.int64) for found in (before, after)]
    return psi_category(counts[0], counts[1]).value
