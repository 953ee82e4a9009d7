"""Fitted preparations against scikit-learn's pipelines, and against what a package makes of their document."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mixed_rows import DAYS, ORDERS, SPEND, TIER, cluster_definition, label_definition, mixed_rows, mixed_schema
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    OneHotEncoder,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from strata.runtime.prepare import read_steps
from training.algorithms.port import Exported
from training.definition import Definition
from training.prepare.fit import fit_preparation
from training.prepare.fitted_steps import FittedSteps

ROWS = mixed_rows()
NUMBERS = ROWS.values[:, :3]
SCHEMA = mixed_schema()


def _fit(definition: Definition, **changes: Any) -> FittedSteps:
    labels = ROWS.labels if definition.supervised else None
    return fit_preparation(definition, SCHEMA, ROWS.values, labels, ROWS.users, **changes)


@pytest.mark.parametrize(
    ("scale", "theirs"), [("minmax", MinMaxScaler()), ("zscore", StandardScaler()), ("robust", RobustScaler())]
)
def test_medians_and_scales_are_scikit_learns(scale: str, theirs: Any) -> None:
    """Filled first, scaled then, as its pipelines do."""
    found = _fit(label_definition(missing="median", scale=scale, leave_out=[TIER]))
    pipeline = make_pipeline(SimpleImputer(strategy="median"), theirs)
    np.testing.assert_allclose(found.training, pipeline.fit_transform(NUMBERS), rtol=1e-12, atol=1e-12)
    assert found.names == (DAYS, ORDERS, SPEND)


def test_quantile_scales_are_scikit_learns() -> None:
    """101 quantiles; values that repeat have the middle of their ranks."""
    found = _fit(label_definition(missing="median", scale="quantile", leave_out=[TIER, ORDERS]))
    filled = SimpleImputer(strategy="median").fit_transform(NUMBERS[:, [0, 2]])
    theirs = QuantileTransformer(n_quantiles=101).fit_transform(filled)
    np.testing.assert_allclose(found.training, theirs, atol=1e-9)


def test_values_that_are_left_missing_are_scaled_by_those_that_are_there() -> None:
    """As scikit-learn's scalers do with NaN."""
    found = _fit(label_definition(scale="zscore", leave_out=[TIER]), reads_missing=True)
    np.testing.assert_allclose(found.training, StandardScaler().fit_transform(NUMBERS), rtol=1e-12, atol=1e-12)


def test_a_model_fills_with_a_ridge_on_the_other_columns() -> None:
    """Spend is told from orders: 10 each; the fill stays within what was seen."""
    found = _fit(label_definition(missing="model", leave_out=[TIER]), reads_missing=True)
    others = SimpleImputer(strategy="median").fit_transform(NUMBERS)[:, :2]
    gaps = np.isnan(NUMBERS[:, 2])
    theirs = make_pipeline(StandardScaler(), Ridge(1.0)).fit(others[~gaps], NUMBERS[~gaps, 2]).predict(others[gaps])
    seen = NUMBERS[~gaps, 2]
    np.testing.assert_allclose(found.training[gaps, 2], np.clip(theirs, seen.min(), seen.max()), rtol=1e-9)
    assert {"feature": SPEND, "share": float(gaps.mean()), "how": "predicted from 2 other features"} in found.record[
        "missing"
    ]


def test_an_indicator_says_where_a_value_was_missing() -> None:
    """One for each feature that had gaps, beside it."""
    found = _fit(label_definition(missing="median", indicator=True, leave_out=[TIER, SPEND]), reads_missing=True)
    assert found.names == (DAYS, f"{DAYS} is missing", ORDERS, f"{ORDERS} is missing")
    assert np.array_equal(found.training[:, [1, 3]], np.isnan(NUMBERS[:, :2]))
    assert found.nominal == ((1,), (3,))


def test_one_hot_columns_are_scikit_learns() -> None:
    """One for each category that was seen; missing, unseen and unknown ones are 0 in all of them."""
    found = _fit(label_definition(categories="onehot", leave_out=[DAYS, ORDERS, SPEND]), reads_missing=True)
    column = ROWS.values[:, 3:]
    theirs = OneHotEncoder(categories=[[0.0, 1.0, 2.0]], handle_unknown="ignore", sparse_output=False)
    assert np.array_equal(found.training, theirs.fit_transform(np.nan_to_num(column, nan=9.0)))
    assert found.names == (f"{TIER}=bronze", f"{TIER}=silver", f"{TIER}=gold")
    assert found.nominal == ((0, 1, 2),)
    online = np.full((3, 4), np.nan)
    online[1:, 3] = 3.0, 7.0
    assert found.apply(online).tolist() == [[0.0, 0.0, 0.0]] * 3


def test_the_packages_target_encoding_is_scikit_learns() -> None:
    """The full fit, smoothed by 20 rows; missing is a category of its own, an unseen one is everybody."""
    found = _fit(label_definition(categories="target", leave_out=[DAYS, ORDERS, SPEND]), reads_missing=True)
    theirs = TargetEncoder(smooth=20.0, target_type="binary").fit(ROWS.values[:, 3:], ROWS.labels)
    asked = np.array([[0.0], [1.0], [2.0], [np.nan], [3.0]])
    ours = found.apply(np.hstack([np.zeros((5, 3)), asked]))
    np.testing.assert_allclose(ours, theirs.transform(asked), rtol=1e-12)
    assert ours[4, 0] == pytest.approx(ROWS.labels.mean())


def test_hashed_categories_share_buckets_by_their_text() -> None:
    """Another order of the vocabulary changes no category's bucket."""
    definition = label_definition(categories="hashed", buckets=2, leave_out=[DAYS, ORDERS, SPEND])
    forward = fit_preparation(definition, SCHEMA, ROWS.values, ROWS.labels, reads_missing=True)
    turned = mixed_schema(tuple(reversed(SCHEMA.features[3].categories)))
    values = ROWS.values.copy()
    values[:, 3] = 3.0 - values[:, 3]
    backward = fit_preparation(definition, turned, values, ROWS.labels, reads_missing=True)
    assert np.array_equal(forward.training, backward.training)
    assert forward.training[~np.isnan(values[:, 3])].sum(axis=1).tolist() == [1.0] * int(
        (~np.isnan(values[:, 3])).sum()
    )


def test_weights_multiply_a_features_columns() -> None:
    """Its scaled numbers, and each column of its encoding."""
    declared = {"missing": "median", "scale": "zscore", "categories": "onehot"}
    plain = _fit(label_definition(**declared))
    heavy = _fit(label_definition(**declared, weights={SPEND: 3.0, TIER: 0.5}))
    np.testing.assert_allclose(heavy.training, plain.training * [1.0, 1.0, 3.0, 0.5, 0.5, 0.5], rtol=1e-12)


def test_trees_that_read_missing_values_read_raw_features() -> None:
    """A file that declares no preparation: the model of the package is the algorithm's own."""
    found = _fit(label_definition(), reads_missing=True)
    exported = Exported({"format": "lightgbm/1"})
    assert found.wrap(exported) is exported
    assert found.apply(ROWS.values) is ROWS.values


def test_what_an_algorithm_needs_is_done_and_said() -> None:
    """It reads no gaps and no positions of categories: medians with indicators, z-scores, one-hot."""
    found = _fit(label_definition(), reads_missing=False)
    assert np.isfinite(found.training).all()
    assert found.names[-4:] == (f"{TIER}=bronze", f"{TIER}=silver", f"{TIER}=gold", f"{TIER} is missing")
    assert found.record["notes"] == [
        "Missing values are filled with medians, since lightgbm reads no gaps.",
        "Columns are brought to mean 0 and deviation 1, since no scale is declared.",
        "Categories are encoded (onehot): their positions are no quantities.",
    ]


def test_clusters_are_found_in_ranks_by_default() -> None:
    """Each axis weighs the same; what is left open about categories is settled, too."""
    found = _fit(cluster_definition())
    assert found.names[:3] == (DAYS, ORDERS, SPEND)
    assert found.training[:, 0].max() == 1.0
    assert found.training[:, 1].max() == pytest.approx(1 / np.sqrt(2))
    assert found.training[np.isnan(NUMBERS[:, 0]), 0].tolist() == [1.0] * int(np.isnan(NUMBERS[:, 0]).sum())


def test_a_category_on_an_axis_is_in_order() -> None:
    """Bands of age or income: the ranks of their positions are a number's, and no column is made of each."""
    section = cluster_definition().model_dump(exclude_unset=True)["algorithm"]
    tier = {"tier": {"features": [TIER], "missing": "median", "unit": "tier"}}
    archetypes = [{**each, "anchor": {**each["anchor"], "tier": 0.5}} for each in section["archetypes"]]
    axes = {**section["axes"], **tier}
    found = _fit(cluster_definition(algorithm={**section, "axes": axes, "archetypes": archetypes}))
    assert found.names == (DAYS, ORDERS, SPEND, TIER)
    assert sorted(set(found.training[:, 3])) == pytest.approx([1 / 6, 0.5, 5 / 6], abs=0.05)
    assert found.record["notes"] == []


def test_ranks_and_centroids_are_one_kmeans_model() -> None:
    """The kernel scores that format; another model reads the same ranks as steps."""
    found = _fit(cluster_definition(leave_out=[TIER]))
    other = found.wrap(Exported({"format": "mixture/1"}, {"more.bin": b"x"}))
    assert (other.model["format"], other.model["model"], other.files) == (
        "prepared/1", {"format": "mixture/1"}, {"more.bin": b"x"},
    )  # fmt: skip
    numbers = fit_preparation(
        cluster_definition(), type(SCHEMA)("mixed", SCHEMA.features[:3], SCHEMA.view_fingerprints), NUMBERS
    )
    wrapped = numbers.wrap(Exported({"format": "centroids/1", "centroids": [[0.0, 0.5, 1.0], [1.0, 0.0, 0.0]]})).model
    assert (wrapped["format"], wrapped["centroids"][0], len(wrapped["scales"])) == ("kmeans/1", [0.0, 0.5, 1.0], 3)


WAYS = st.fixed_dictionaries(
    {
        "missing": st.sampled_from(["as_is", "median", "model", "exclude"]),
        "indicator": st.booleans(),
        "scale": st.sampled_from(["none", "minmax", "zscore", "robust", "quantile"]),
        "categories": st.sampled_from(["index", "onehot", "target", "hashed"]),
        "buckets": st.sampled_from([2, 3, 32]),
        "duplicates": st.sampled_from(["keep", "drop"]),
        "ranges": st.sampled_from([{}, {DAYS: (1.0, 30.0)}, {SPEND: (None, 60.0)}]),
        "weights": st.sampled_from([{}, {DAYS: 2.0, TIER: 0.25}]),
        "derive": st.sampled_from(
            [
                [],
                [{"kind": "rfm_scores", "recency": DAYS, "frequency": ORDERS, "monetary": SPEND}],
                [
                    {"kind": "engagement", "weights": {DAYS: -1.0, ORDERS: 2.0}},
                    {"kind": "propensity", "features": [DAYS, SPEND]},
                ],
            ]
        ),
    }
)
ONLINE = st.sampled_from([0.0, 1.0, 2.0, 3.0, 5.5, 29.0, 1e6, -4.0, np.nan, np.inf, -np.inf])


@settings(max_examples=40, deadline=None)
@given(declared=WAYS, online=st.lists(st.lists(ONLINE, min_size=4, max_size=4), min_size=1, max_size=6))
def test_a_package_prepares_as_training_did(declared: dict[str, Any], online: list[list[float]]) -> None:
    """Whatever is declared, in whatever pieces rows come, and read back from the document: the same bits."""
    rows = mixed_rows(60)
    values = np.array([*online, *rows.values.tolist()])
    found = fit_preparation(
        label_definition(**declared), SCHEMA, rows.values, rows.labels, rows.users, reads_missing=True
    )
    whole = found.apply(values)
    wrapped = found.wrap(Exported({"format": "mixture/1"})).model
    if wrapped["format"] == "prepared/1":
        package = read_steps(wrapped, 4)
        assert np.array_equal(package.apply(values), whole, equal_nan=True)
        assert np.array_equal(np.array([package.apply_row(row) for row in values]), whole, equal_nan=True)
    cut = len(online)
    pieces = np.vstack([found.apply(values[:cut]), found.apply(values[cut:])])
    assert np.array_equal(pieces, whole, equal_nan=True)
    if declared["missing"] != "as_is":
        assert np.isfinite(whole).all()


@settings(max_examples=40, deadline=None)
@given(declared=WAYS)
def test_training_rows_are_what_a_package_makes_of_them(declared: dict[str, Any]) -> None:
    """But for what is fitted on their labels, which is out of fold, and for scales of that."""
    rows = mixed_rows(60)
    found = fit_preparation(
        label_definition(**declared), SCHEMA, rows.values, rows.labels, rows.users, reads_missing=True
    )
    package = found.apply(rows.values[found.kept])
    learned = [
        place
        for place, name in enumerate(found.names)
        if name == "propensity" or (name == TIER and declared["categories"] == "target")
    ]
    same = [place for place in range(len(found.names)) if place not in learned]
    assert np.array_equal(found.training[:, same], package[:, same], equal_nan=True)
    for place in learned:
        assert not np.array_equal(found.training[:, place], package[:, place])
