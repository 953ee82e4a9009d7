"""The method on 2,469 real households: quiet where nothing changed, and it finds what was planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from journey_features import income_bands, journey_columns

from monitoring.calibration import calibrate
from monitoring.drift.judge import judge
from monitoring.drift.verdict import Column, Thresholds

pytestmark = pytest.mark.integration

INCOME = "profile:income_band"


def test_at_most_one_column_is_flagged_over_20_random_halves(columns: list[Column]) -> None:
    """Two halves of the same households differ by chance only; 20 such pairs raise at most one alarm in total."""
    result = calibrate(columns, Thresholds(), halves=20, seed=7)
    assert result["columns"] == 23
    assert result["false_alarms"] <= 1


def test_small_halves_raise_no_more_alarms_than_large_ones(columns: list[Column]) -> None:
    """PSI grows as rows get fewer; the threshold grows with it, so 40 pairs of 150 rows raise at most one alarm."""
    rng, alarms = np.random.default_rng(11), 0
    for _ in range(40):
        order = rng.permutation(len(columns[0].reference))
        pairs = [replace(c, reference=c.reference[order[:150]], current=c.current[order[150:300]]) for c in columns]
        alarms += sum(verdict.drifted for verdict in judge(pairs, Thresholds()))
    assert alarms <= 1


def test_a_fixed_threshold_would_have_failed(columns: list[Column]) -> None:
    """Without the rows-aware threshold the same small halves are flagged many times: the rule is what keeps quiet."""
    rng = np.random.default_rng(11)
    order = rng.permutation(len(columns[0].reference))
    pairs = [replace(c, reference=c.reference[order[:150]], current=c.current[order[150:300]]) for c in columns]
    checks = [check for verdict in judge(pairs, Thresholds()) for check in verdict.checks]
    assert sum(check.statistic is not None and check.statistic >= check.practical for check in checks) >= 3


def test_thirty_per_cent_more_for_a_month_is_found_by_level(columns: list[Column]) -> None:
    """Every purchase of the last 30 days costs 30 % more: spend and basket of 30 days are flagged, PSI is blind."""
    verdicts = {v.column.name: v for v in judge(_against(columns, journey_columns(1.3)), Thresholds())}
    drifted = {name for name, verdict in verdicts.items() if verdict.drifted}
    assert drifted == {"rfm:monetary_30d", "rfm:average_basket_30d"}
    psi, level, _ = verdicts["rfm:monetary_30d"].checks
    assert (psi.drifted, level.drifted) == (False, True)
    assert level.statistic == pytest.approx(np.log(1.3))


def test_thirty_per_cent_more_is_found_between_different_households(columns: list[Column]) -> None:
    """Also where reference and log are different households, 1,234 each: at least one 30-day column every time."""
    shifted = journey_columns(1.3)
    for seed in range(10):
        order = np.random.default_rng(seed).permutation(len(columns[0].reference))
        half, other = order[:1234], order[1234:]
        pairs = [replace(c, reference=c.reference[half], current=shifted[c.name][other]) for c in columns]
        drifted = {verdict.column.name for verdict in judge(pairs, Thresholds()) if verdict.drifted}
        assert drifted & {"rfm:monetary_30d", "rfm:average_basket_30d"}


def test_a_department_whose_feed_stops_is_found(columns: list[Column]) -> None:
    """PRODUCE vanishes from the purchases: its share of spend is flagged."""
    shifted = journey_columns(without_department="PRODUCE")
    drifted = {v.column.name for v in judge(_against(columns, shifted), Thresholds()) if v.drifted}
    assert "behaviour:share_PRODUCE" in drifted


def test_a_vanished_category_is_found(columns: list[Column]) -> None:
    """One income band is answered as the next: the band is named as vanished."""
    income = next(column for column in columns if column.name == INCOME)
    band = income_bands().index("50-74K")
    moved = np.where(income.current == band, (band + 1) % len(income_bands()), income.current)
    verdict = _one(columns, INCOME, moved)
    absent = verdict.checks[1]
    assert absent.drifted
    assert absent.reason.startswith("50-74K vanished")


@pytest.mark.parametrize("name", ["rfm:monetary_30d", "rfm:recency_days", "behaviour:share_PRODUCE", INCOME])
def test_twenty_per_cent_nulls_are_found(columns: list[Column], name: str) -> None:
    """A fifth of the households lose a value: flagged by the share of missing values."""
    column = next(column for column in columns if column.name == name)
    nulls = np.random.default_rng(3).random(len(column.current)) < 0.2
    if name == INCOME:  # known for a third of the households: take a fifth of all from those
        known = np.flatnonzero(np.isfinite(column.current))[: len(column.current) // 5]
        nulls = np.isin(np.arange(len(column.current)), known)
    verdict = _one(columns, name, np.where(nulls, np.nan, column.current))
    assert verdict.checks[-1].method == "missing_share"
    assert verdict.checks[-1].drifted


@pytest.fixture(scope="module")
def columns() -> list[Column]:
    return [
        Column(name, "category", values, values, income_bands())
        if name == INCOME
        else Column(name, "number", values, values)
        for name, values in journey_columns().items()
    ]


def _against(columns: list[Column], shifted: dict[str, np.ndarray]) -> list[Column]:
    return [replace(column, current=shifted[column.name]) for column in columns]


def _one(columns: list[Column], name: str, current: np.ndarray):  # type: ignore[no-untyped-def]
    changed = [replace(column, current=current) if column.name == name else column for column in columns]
    return next(verdict for verdict in judge(changed, Thresholds()) if verdict.column.name == name)
