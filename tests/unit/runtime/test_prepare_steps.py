"""Steps of a preparation: what each does, held to scikit-learn's transformers and numpy."""

from __future__ import annotations

import json
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from strata.runtime.prepare import (
    Bins,
    Fill,
    FillLinear,
    Indicator,
    Knots,
    Preparation,
    Range,
    Scale,
    Single,
    Step,
    Table,
    Weighted,
    read_steps,
)

Floats = np.ndarray[Any, np.dtype[np.float64]]


def columns_of(step: Step, values: Floats) -> Floats:
    """What a step appends to these raw columns, [n, outputs], after a round by JSON."""
    count = values.shape[1]
    outputs = len(step.may_miss([True] * count))
    made = Preparation(count, (step,), tuple(range(count, count + outputs)))
    filled = range(count) if isinstance(step, FillLinear) else ()
    again = read_steps(json.loads(json.dumps(made.to_json())), count, filled)
    found = again.apply(values)
    assert [again.apply_row(row).tobytes() for row in values] == [row.tobytes() for row in found]
    np.testing.assert_array_equal(found, made.apply(values))
    return found


def random_column(seed: int, missing: float = 0.2) -> Floats:
    chance = np.random.default_rng(seed)
    values = chance.normal(30, 12, (200, 1)).round(2)
    return np.where(chance.random((200, 1)) < missing, nan, values)


def test_a_fill_is_simple_imputers_median() -> None:
    """Missing values alone are replaced; the indicator is scikit-learn's."""
    values = random_column(1)
    theirs = SimpleImputer(strategy="median", add_indicator=True).fit(values)
    ours = np.hstack([columns_of(Fill(0, theirs.statistics_[0]), values), columns_of(Indicator(0), values)])
    np.testing.assert_array_equal(ours, theirs.transform(values))


def test_a_linear_fill_predicts_from_the_other_features() -> None:
    """As LinearRegression does, kept within what was seen; present values stay."""
    chance = np.random.default_rng(2)
    others = chance.normal(size=(300, 2))
    target = others @ [2.0, -1.0] + 3.0 + chance.normal(0, 0.1, 300)
    model = LinearRegression().fit(others, target)
    low, high = np.quantile(target, [0.05, 0.95])
    step = FillLinear(2, (0, 1), tuple(model.coef_.tolist()), float(model.intercept_), float(low), float(high))
    holed = np.where(chance.random(300) < 0.5, nan, target)
    found = columns_of(step, np.column_stack([others, holed]))[:, 0]
    wanted = np.where(np.isnan(holed), np.clip(model.predict(others), low, high), holed)
    np.testing.assert_allclose(found, wanted, rtol=1e-13)
    assert found.max() > high  # a present value is not limited


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), RobustScaler()])
def test_a_scale_is_scikit_learns(scaler: Any) -> None:
    """z-score, min-max and robust scales are an offset and a factor; missing stays missing."""
    values = random_column(3)
    wanted = scaler.fit_transform(values)
    if isinstance(scaler, MinMaxScaler):
        offset, factor = scaler.data_min_[0], scaler.scale_[0]
    elif isinstance(scaler, StandardScaler):
        offset, factor = scaler.mean_[0], 1 / scaler.scale_[0]
    else:
        offset, factor = scaler.center_[0], 1 / scaler.scale_[0]
    np.testing.assert_allclose(columns_of(Scale(0, float(offset), float(factor)), values), wanted, rtol=1e-12)


def test_knots_are_numpys_interpolation() -> None:
    """On, between and outside the knots; missing stays missing. scikit-learn's quantile transform is such a line."""
    knots, levels = np.array([0.0, 1.0, 4.0]), np.array([0.0, 5.0, 2.0])
    values = np.array([[-1.0], [0.0], [0.5], [1.0], [2.5], [4.0], [9.0], [nan], [inf], [-inf]])
    found = columns_of(Knots(0, knots, levels), values)
    assert found[:7, 0].tolist() == [0.0, 0.0, 2.5, 5.0, 3.5, 2.0, 2.0]
    np.testing.assert_array_equal(found[7:, 0], [nan, 2.0, 0.0])
    sample = random_column(4, missing=0.0)
    theirs = QuantileTransformer(n_quantiles=20).fit(sample)
    step = Knots(0, theirs.quantiles_[:, 0], theirs.references_)
    np.testing.assert_allclose(columns_of(step, sample), theirs.transform(sample), atol=1e-12)


def test_bins_hold_their_upper_edge() -> None:
    """An edge belongs to the bin below it, as in numpy.digitize; off the edges as KBinsDiscretizer."""
    values = random_column(5)
    theirs = KBinsDiscretizer(5, encode="ordinal", strategy="quantile", quantile_method="linear")
    present = values[~np.isnan(values)][:, None]
    theirs.fit(present)
    edges = theirs.bin_edges_[0][1:-1]
    step = Bins(0, edges, np.arange(1.0, 6.0))
    between = present[~np.isin(present, edges)][:, None]
    np.testing.assert_array_equal(columns_of(step, between), theirs.transform(between) + 1)
    found = columns_of(step, np.vstack([values, edges[:, None]]))[:, 0]
    wanted = np.digitize(np.concatenate([values[:, 0], edges]), edges, right=True) + 1.0
    missing = np.isnan(np.concatenate([values[:, 0], edges]))
    np.testing.assert_array_equal(found, np.where(missing, nan, wanted))


def test_no_edges_make_a_constant() -> None:
    """A feature with one value has quantiles that fall together."""
    found = columns_of(Bins(0, np.zeros(0), np.array([3.0])), np.array([[1.0], [nan]]))
    np.testing.assert_array_equal(found[:, 0], [3.0, nan])


def test_a_table_is_one_hot_encoding() -> None:
    """A known category is a row of the identity; any other number, and a missing one, has its own."""
    values = np.array([[0.0], [2.0], [1.0], [3.0], [-1.0], [0.5], [-0.0], [nan], [inf]])
    found = columns_of(Table(0, np.eye(3), np.array([7.0, 7.0, 7.0]), np.zeros(3)), values)
    theirs = OneHotEncoder(categories=[[0.0, 1.0, 2.0]], handle_unknown="ignore", sparse_output=False).fit(values[:3])
    np.testing.assert_array_equal(found[:7], theirs.transform(values[:7]))
    assert found[7:].tolist() == [[7.0] * 3, [0.0] * 3]


def test_a_table_is_target_encoding() -> None:
    """scikit-learn's smoothed means, its overall mean for what it has not seen."""
    chance = np.random.default_rng(6)
    values = chance.integers(0, 5, (300, 1)).astype(np.float64)
    labels = (chance.random(300) < values[:, 0] / 5).astype(int)
    theirs = TargetEncoder(smooth=10.0).fit(values, labels)
    mean = np.array([theirs.target_mean_])
    step = Table(0, theirs.encodings_[0][:, None], mean, mean)
    asked = np.vstack([values, [[9.0]]])
    np.testing.assert_array_equal(columns_of(step, asked), theirs.transform(asked))


def test_a_table_of_no_category_gives_the_others_row() -> None:
    """A feature in which nothing was ever seen."""
    found = columns_of(Table(0, np.zeros((0, 2)), np.array([1.0, 2.0]), np.array([3.0, 4.0])), np.array([[0.0], [nan]]))
    assert found.tolist() == [[3.0, 4.0], [1.0, 2.0]]


def test_a_weighted_sum_is_logistic_regression() -> None:
    """The log-odds by the identity link, the probability by the logistic one; missing when an input is."""
    chance = np.random.default_rng(7)
    values = chance.normal(size=(200, 3))
    model = LogisticRegression().fit(values, values.sum(axis=1) > 0)
    weights, intercept = tuple(model.coef_[0].tolist()), float(model.intercept_[0])
    odds = columns_of(Weighted((0, 1, 2), weights, intercept), values)[:, 0]
    np.testing.assert_allclose(odds, model.decision_function(values), atol=1e-12)
    chances = columns_of(Weighted((0, 1, 2), weights, intercept, "logistic"), values)[:, 0]
    np.testing.assert_allclose(chances, model.predict_proba(values)[:, 1], atol=1e-14)
    holed = np.array([[1.0, nan, 1.0]])
    assert np.isnan(columns_of(Weighted((0, 1), (1.0, 1.0), 0.0, "logistic"), holed)).all()


def test_a_value_outside_its_range_is_missing() -> None:
    """Limits belong to the range; None sets none; what is missing stays so."""
    values = np.array([[-1.0], [0.0], [5.0], [5.1], [nan], [inf]])
    np.testing.assert_array_equal(columns_of(Range(0, 0.0, 5.0), values)[:, 0], [nan, 0.0, 5.0, nan, nan, nan])
    np.testing.assert_array_equal(columns_of(Range(0, None, 5.0), values)[:, 0], [-1.0, 0.0, 5.0, nan, nan, nan])
    np.testing.assert_array_equal(columns_of(Range(0, 0.0, None), values)[:, 0], [nan, 0.0, 5.0, 5.1, nan, inf])


def test_single_precision_rounds_as_numpy_does() -> None:
    """To the nearest float32, ties to even, past its range to infinity."""
    values = np.array([[0.1], [1 + 2**-24], [1 + 3 * 2**-24], [1e39], [-1e39], [1e-46], [nan], [16777217.0]])
    with np.errstate(over="ignore"):
        wanted = values.astype(np.float32).astype(np.float64)
    np.testing.assert_array_equal(columns_of(Single(0), values), wanted)
