"""Judging columns: which checks are made, what bad columns do, how false alarms are held down."""

from dataclasses import replace

import numpy as np
import pytest

from monitoring.drift.judge import judge, per_check_alpha
from monitoring.drift.verdict import Column, ColumnVerdict, Thresholds

LABELS = ("young", "middle", "old")


def number(reference: np.ndarray, current: np.ndarray) -> ColumnVerdict:
    """The verdict over one numeric column."""
    return judge([Column("rfm:x", "number", reference, current)], Thresholds())[0]


def category(reference: list[int], current: list[int]) -> ColumnVerdict:
    """The verdict over one categorical column given by its counts."""
    codes = [np.repeat(np.arange(3.0), counts) for counts in (reference, current)]
    return judge([Column("p:age", "category", *codes, LABELS)], Thresholds())[0]


def test_alpha_is_shared_by_all_checks() -> None:
    """40 columns with three checks each: one report's chance of any false alarm stays at 1 %."""
    assert per_check_alpha(40, Thresholds()) == pytest.approx(0.01 / 120)


def test_a_threshold_is_never_below_what_chance_explains() -> None:
    """With 100 rows PSI needs more than 0.2; with 20,000 rows 0.2 decides."""
    rng = np.random.default_rng(1)
    few, many = (number(rng.normal(10, 1, n), rng.normal(10, 1, n)).checks[0].threshold for n in (100, 20_000))
    assert few > 0.4
    assert many == 0.2


def test_a_column_without_values_is_missing_not_an_error() -> None:
    """All null in the log: the share of missing values drifts, the distribution is not judged."""
    verdict = number(np.arange(500.0), np.full(500, np.nan))
    psi, level, missing = verdict.checks
    assert (psi.statistic, level.statistic) == (None, None)
    assert (verdict.status, missing.statistic, missing.drifted) == ("drift", 1.0, True)


def test_a_column_without_values_on_both_sides_is_not_judged() -> None:
    """Nothing then and nothing now is no drift."""
    assert number(np.full(500, np.nan), np.full(500, np.nan)).status == "not_judged"


def test_values_that_come_back_are_a_change_too() -> None:
    """60 % missing in the reference and none now: somebody fills them in."""
    values = np.arange(1.0, 1001.0)
    assert number(np.where(values % 5 < 3, np.nan, values), values).checks[-1].drifted


def test_a_constant_column_that_stays_is_ok() -> None:
    """No spread, no drift, no warning."""
    assert number(np.full(500, 3.0), np.full(400, 3.0)).status == "ok"


def test_infinite_values_count_as_missing() -> None:
    """A fifth of infinite values is a fifth missing; the rest is judged as usual."""
    values = np.random.default_rng(1).normal(10, 1, 1_000)
    verdict = number(values, np.where(np.arange(1_000) % 5 == 0, np.inf, values))
    assert verdict.checks[-1].statistic == pytest.approx(0.2)
    assert verdict.checks[-1].drifted
    assert not verdict.checks[0].drifted


def test_one_row_is_not_judged() -> None:
    """Samples of one row pass through without a verdict on their distribution."""
    assert number(np.arange(500.0), np.array([1.0])).checks[0].statistic is None


def test_a_vanished_category_is_named() -> None:
    """5 % of the reference never again: PSI alone stays small, absence beyond chance is found."""
    verdict = category([50, 450, 500], [0, 480, 520])
    assert verdict.checks[1].drifted
    assert verdict.checks[1].reason == "young vanished (5.0% of the reference)"


def test_a_new_category_is_named() -> None:
    """A value the reference never held."""
    assert category([0, 450, 500], [50, 430, 500]).checks[1].reason == "young is new (5.1% of the log)"


def test_a_rare_category_missing_by_chance_is_no_alarm() -> None:
    """3 rows of 1,000 that are absent from 200 more say nothing."""
    assert not category([3, 497, 500], [0, 100, 100]).drifted


def test_false_alarms_over_many_reports_stay_below_alpha() -> None:
    """100 pairs of 120 rows of one population, 15 columns of many shapes: alpha allows one false alarm on average,
    so four would be a broken rule (three in 800 were seen over another seed)."""
    rng = np.random.default_rng(4)
    reports = [judge([_shape(rng, kind) for kind in range(15)], Thresholds()) for _ in range(100)]
    assert sum(any(verdict.drifted for verdict in report) for report in reports) <= 3


def test_the_leading_check_is_the_one_furthest_past_its_threshold() -> None:
    """A scaled column leads with its level, not with its small PSI."""
    values = np.random.default_rng(1).lognormal(4, 1, 3_000)
    assert number(values, values * 1.3).leading.method == "level"


def _shape(rng: np.random.Generator, kind: int) -> Column:
    draws = {
        0: lambda: rng.lognormal(3, 1.2, 120),
        1: lambda: rng.poisson(0.3, 120).astype(float),
        2: lambda: (rng.random(120) < 0.07) * rng.poisson(3, 120).astype(float),
        3: lambda: rng.beta(1, 8, 120),
        4: lambda: np.where(rng.random(120) < 0.4, np.nan, rng.normal(5, 2, 120)),
    }
    if kind < 5:
        return Column(f"c{kind}", "number", draws[kind](), draws[kind]())
    if kind < 10:
        return replace(_shape(rng, kind - 5), name=f"c{kind}")
    codes = [rng.choice(3, 120, p=[0.04, 0.36, 0.6]).astype(float) for _ in range(2)]
    return Column(f"c{kind}", "category", *codes, LABELS)
