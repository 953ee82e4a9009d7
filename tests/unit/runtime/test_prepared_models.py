"""Models of prepared rows: held to scikit-learn, one row as many, and what is refused."""

from __future__ import annotations

import json
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutated_documents import mutated, read_unless_refused
from prepared_packages import COLUMNS, FEATURES, FILES, INNER, PREPARATION, SEGMENTS, assert_same_bits, strange_rows
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestCentroid
from tree_manifests import tree_manifest

from strata.errors import PackageInvalid
from strata.runtime.calibration import Platt
from strata.runtime.centroids import read_centroids
from strata.runtime.formats import read_model
from strata.runtime.linear import read_linear, read_linear_classes
from strata.runtime.mixture import read_mixture
from strata.runtime.model import Model
from strata.runtime.neighbours import read_neighbours
from strata.runtime.prepared import FEW, FORMAT, PreparedModel

FORMATS = sorted(INNER)


def read(inner: Any, preparation: Any = PREPARATION, defaults: dict[int, float] | None = None) -> Model:
    """The model within a preparation of 4 features, or alone where that is None."""
    document = inner if preparation is None else {"format": FORMAT, **preparation, "model": inner}
    features = COLUMNS if preparation is None else FEATURES
    manifest = tree_manifest(features, SEGMENTS, document, defaults=defaults)
    return read_model(manifest, FILES)


def clustered(seed: int, width: int = 5) -> np.ndarray[Any, np.dtype[np.float64]]:
    """300 rows around three places."""
    chance = np.random.default_rng(seed)
    return chance.normal(size=(300, width)) + chance.normal(0, 4, (3, width))[chance.integers(0, 3, 300)]


def assert_one_as_many(model: Model, rows: Any) -> None:
    """Segments and scores of rows one by one are those of the batch, bit for bit; scores are within [0, 1]."""
    segments, scores = model.score(rows)
    assert (segments.dtype, scores.dtype) == (np.dtype(np.int32), np.dtype(np.float32))
    alone = [model.score_row(row) for row in rows]
    assert [segment for segment, _ in alone] == segments.tolist()
    assert_same_bits(np.array([score for _, score in alone], dtype=np.float32), scores)
    assert ((scores >= 0) & (scores <= 1)).all()
    one = model.score(rows[:1])
    assert (one.segment_indexes.tolist(), one.scores.tolist()) == (segments[:1].tolist(), scores[:1].tolist())
    assert len(model.score(rows[:0]).scores) == 0


@pytest.mark.parametrize("inner", FORMATS)
@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_one_row_is_scored_as_in_a_batch(inner: str, seed: int) -> None:
    """Every format within a preparation: missing, infinite and unseen values too."""
    model = read(json.loads(json.dumps(INNER[inner])))
    assert isinstance(model, PreparedModel)
    assert model.kernel_score() is None
    rows = strange_rows(seed)
    assert len(rows) > FEW
    assert_one_as_many(model, rows)
    assert_same_bits(model.score(rows[:FEW]).scores, model.score(rows).scores[:FEW])


@pytest.mark.parametrize("inner", FORMATS)
def test_large_batches_are_scored_as_small_ones(inner: str) -> None:
    """Blocks of rows change no bit."""
    model = read(INNER[inner])
    few = np.vstack([strange_rows(seed) for seed in range(20)])
    many = model.score(np.tile(few, (40, 1)))
    wanted = model.score(few)
    assert many.segment_indexes.tolist() == wanted.segment_indexes.tolist() * 40
    assert_same_bits(many.scores, np.tile(wanted.scores, 40))


def test_centroids_are_nearest_centroid() -> None:
    """scikit-learn's segments; the margin is 0 halfway between two and 1 on a centroid."""
    rows = clustered(1)
    theirs = NearestCentroid().fit(rows, np.arange(300) % 7 % 3)
    model = read_centroids({"centroids": theirs.centroids_.tolist()}, 5, 3)
    assert model.score(rows).segment_indexes.tolist() == theirs.predict(rows).tolist()
    middle = theirs.centroids_[:2].mean(axis=0)
    assert model.score_row(theirs.centroids_[1]) == (1, 1.0)
    assert model.score_row(middle)[1] == pytest.approx(0.0, abs=1e-12)
    assert_one_as_many(model, rows)


def test_equally_near_centroids_give_the_first() -> None:
    """Where two lie on one place the margin is 0; beyond numbers, too."""
    model = read_centroids({"centroids": [[1.0], [1.0], [0.0]]}, 1, 3)
    assert model.score_row(np.array([1.0])) == (0, 0.0)
    assert_one_as_many(model, np.array([[1.0], [0.5], [inf], [-inf], [nan], [1e300], [1e50]]))


@pytest.mark.parametrize("covariance", ["full", "diag"])
@pytest.mark.parametrize("width", [1, 2, 6])
def test_a_mixture_is_scikit_learns(covariance: Any, width: int) -> None:
    """The same component and posterior, near a component and far from all."""
    rows = clustered(2, width)
    theirs = GaussianMixture(3, covariance_type=covariance, random_state=1).fit(rows)
    document = {
        "covariance": covariance,
        "means": theirs.means_.tolist(),
        "precisions_cholesky": theirs.precisions_cholesky_.tolist(),
        "weights": theirs.weights_.tolist(),
    }
    model = read_mixture(document, width, 3)
    asked = np.vstack([rows, rows * 5])
    posteriors = theirs.predict_proba(asked)
    segments, scores = model.score(asked)
    assert segments.tolist() == posteriors.argmax(axis=1).tolist()
    np.testing.assert_allclose(scores, posteriors.max(axis=1), atol=1e-7)
    assert_one_as_many(model, np.vstack([asked, np.full((1, width), inf), np.full((1, width), nan)]))


def plain_neighbours(rows: Any, document: Any) -> list[tuple[int, float]]:
    """The rule in its own words, point by point."""
    found = []
    segments = np.array(document["segments"])
    for distances in cdist(rows, document["points"]) / document["scales"]:
        near, reach = distances.min(), document["reach"]
        segment = int(segments[distances.argmin()])
        if near > reach:
            found.append((document["noise"], (near - reach) / (near + reach)))
            continue
        other = min([reach, *distances[segments != segment]])
        found.append((segment, (other - near) / (other + near)))
    return found


def test_neighbours_follow_their_rule() -> None:
    """The nearest point's segment, in steps of its scale; noise beyond the reach; margins to both borders."""
    rows, chance = clustered(3), np.random.default_rng(3)
    document = {
        "points": rows[:60].tolist(),
        "segments": chance.integers(0, 3, 60).tolist(),
        "scales": (0.5 + chance.random(60)).tolist(),
        "reach": 2.0,
        "noise": 3,
    }
    model = read_neighbours(document, 5, 4)
    asked = np.vstack([rows[60:] + chance.normal(size=(240, 5)), rows[:3]])
    wanted = plain_neighbours(asked, document)
    segments, scores = model.score(asked)
    assert segments.tolist() == [segment for segment, _ in wanted]
    assert set(segments.tolist()) == {0, 1, 2, 3}
    np.testing.assert_allclose(scores, [score for _, score in wanted], atol=1e-6)
    assert scores[-3:].tolist() == [1.0, 1.0, 1.0]
    assert_one_as_many(model, np.vstack([asked, np.full((1, 5), inf)]))


def test_neighbours_of_one_segment_border_on_noise_alone() -> None:
    """At the reach itself a row still belongs, with margin 0."""
    document = {"points": [[0.0], [10.0]], "segments": [1, 1], "scales": [1.0, 1.0], "reach": 2.0, "noise": 0}
    model = read_neighbours(document, 1, 2)
    rows = np.array([[0.0], [1.0], [2.0], [2.5], [10.0]])
    assert [model.score_row(row) for row in rows] == [(1, 1.0), (1, 1 / 3), (1, 0.0), (0, 1 / 9), (1, 1.0)]
    assert_one_as_many(model, rows)


def test_two_classes_are_logistic_regression() -> None:
    """Log-odds through the calibration that changes nothing are predict_proba; thresholds cut it into bands."""
    rows = clustered(4)
    theirs = LogisticRegression().fit(rows, rows[:, 0] + rows[:, 1] > 0)
    document = {
        "weights": theirs.coef_[0].tolist(),
        "intercept": float(theirs.intercept_[0]),
        "calibration": Platt(1.0, 0.0).to_json(),
        "thresholds": [0.25, 0.75],
        "bands": [2, 1, 0],
    }
    model = read_linear(document, 5, 3)
    wanted = theirs.predict_proba(rows)[:, 1]
    segments, scores = model.score(rows)
    np.testing.assert_allclose(scores, wanted, atol=1e-7)
    assert segments.tolist() == (2 - np.digitize(wanted, [0.25, 0.75])).tolist()
    np.testing.assert_allclose(model.booster.raw(rows), theirs.decision_function(rows), atol=1e-12)
    assert_one_as_many(model, np.vstack([rows, np.full((1, 5), inf), np.full((1, 5), nan)]))


def test_more_classes_are_multinomial_regression() -> None:
    """The likeliest class's segment and probability, as scikit-learn's softmax."""
    rows = clustered(5)
    theirs = LogisticRegression().fit(rows, np.arange(300) % 11 % 4)
    document = {"weights": theirs.coef_.tolist(), "intercepts": theirs.intercept_.tolist(), "classes": [3, 1, 0, 2]}
    model = read_linear_classes(document, 5, 4)
    wanted = theirs.predict_proba(rows)
    segments, scores = model.score(rows)
    assert segments.tolist() == np.array([3, 1, 0, 2])[wanted.argmax(axis=1)].tolist()
    np.testing.assert_allclose(scores, wanted.max(axis=1), atol=1e-7)
    np.testing.assert_allclose(model.probabilities(rows), wanted, atol=1e-12)
    assert_one_as_many(model, np.vstack([rows, np.full((1, 5), -inf)]))


def test_shares_are_parts_of_the_classes_total() -> None:
    """Sums of 0.4, 0.3, 0.3 and of 0.6, 0.25, 0.1: averaged probabilities are divided by their total, no more."""
    model = read(INNER["shares"], preparation=None)
    rows = np.zeros((3, COLUMNS))
    rows[1:, 0] = 1.0, nan
    segments, scores = model.score(rows)
    assert segments.tolist() == [1, 1, 1]
    np.testing.assert_allclose(scores, [0.4, 0.6 / 0.95, 0.4], atol=1e-7)
    assert model.kernel_score() is None
    assert_one_as_many(model, rows)


@pytest.mark.parametrize("inner", ["centroids/1", "linear/1", "linear-classes/1", "mixture/1", "neighbours/1"])
def test_models_that_read_no_missing_values_are_given_none(inner: str) -> None:
    """Columns that may be missing are refused by number; a default makes a feature one that never is."""
    with pytest.raises(PackageInvalid, match=f"its {inner} model reads no missing values, and its column 0 may be"):
        read(INNER[inner], preparation=None)
    read(INNER[inner], preparation=None, defaults=dict.fromkeys(range(COLUMNS), 0.0))
    raw = {**PREPARATION, "select": [6, 5, 2, *range(6, 13)]}
    with pytest.raises(PackageInvalid, match=f"its {inner} model .* column 2 may be missing: fill it"):
        read(INNER[inner], raw)
    assert isinstance(read(INNER[inner], raw, defaults={2: 0.0}), PreparedModel)


@pytest.mark.parametrize(
    ("inner", "change", "sentence"),
    [
        ("centroids/1", {"centroids": [[0.0] * COLUMNS]}, "1 centroids for 3 segments"),
        ("centroids/1", {"centroids": [[1e60] * COLUMNS] * 3}, r"the centroids: a number is beyond 1e\+50"),
        ("centroids/1", {"centroids": [["1"] * COLUMNS] * 3}, "the centroids: not an array of numbers"),
        ("centroids/1", {"scales": []}, "a centroids/1 model has no field 'scales'"),
        ("mixture/1", {"weights": [0.5, 0.5, 0.0]}, "the weights should be positive"),
        ("mixture/1", {"covariance": "tied"}, "the covariance 'tied' is not known here"),
        ("mixture/1", {"precisions_cholesky": []}, "one for each of 3 components"),
        ("mixture/1", {"precisions_cholesky": [np.ones((COLUMNS, COLUMNS)).tolist()] * 3}, "none left of the diagonal"),
        ("mixture/1", {"precisions_cholesky": [(-np.eye(COLUMNS)).tolist()] * 3}, "should be positive"),
        ("mixture/1", {"means": [[0.0] * COLUMNS] * 2}, "2 components for 3 segments"),
        ("neighbours/1", {"points": [[0.0] * COLUMNS]}, "two at least are needed"),
        ("neighbours/1", {"points": [[0.0] * COLUMNS] * 110_000}, "110000 rows of 10 are more than 1048576 numbers"),
        ("neighbours/1", {"segments": [0]}, "the points' segments: one for each"),
        ("neighbours/1", {"segments": [0, 1, 2, 3, 0, 1]}, "a point's segment: a whole number from 0 to 2"),
        ("neighbours/1", {"noise": 1.0}, "the noise segment: a whole number from 0 to 2"),
        ("neighbours/1", {"reach": 0.0}, "should be 1e-50 at least"),
        ("neighbours/1", {"scales": [0.0] * 6}, "should be 1e-50 at least"),
        ("linear/1", {"weights": [1.0]}, f"the weights: {COLUMNS} numbers are needed"),
        ("linear/1", {"thresholds": [0.7, 0.3]}, "ascend inside"),
        ("linear/1", {"calibration": None}, "calibration kind None is not known"),
        ("linear-classes/1", {"weights": [[0.0] * COLUMNS] * 2}, "2 rows of weights for 3 classes"),
        ("linear-classes/1", {"classes": [0, 0, 1]}, "name each segment"),
        ("shares", {"link": "logit"}, "the link 'logit' is not known here"),
        ("shares", {"link": ["shares"]}, "is not known here"),
        ("shares", {"link": "softmax"}, "the LightGBM model's objective is ''"),
        ("shares", {"file": "negative.txt"}, "a leaf of the trees is negative"),
        ("shares", {"file": 3}, "the model file 3 is not among its files"),
        ("kmeans/1", {"centroids": [[1e60] * COLUMNS] * 3}, r"the centroids: a number is beyond 1e\+50"),
        ("linear/1", {"calibration": {"kind": "isotonic", "raw": [0, 5e-324], "probability": [0, 1]}}, "too near"),
        ("kmeans/1", {"format": "prepared/1"}, "its model format 'prepared/1' is not known here"),
        ("kmeans/1", {"format": ["kmeans/1"]}, "is not known here"),
    ],
)
def test_a_wrong_model_is_refused(inner: str, change: dict[str, Any], sentence: str) -> None:
    """One sentence each."""
    with pytest.raises(PackageInvalid, match=sentence):
        read({**INNER[inner], **change})


def test_a_wrong_frame_is_refused() -> None:
    """The parts of a prepared model, and no others."""
    with pytest.raises(PackageInvalid, match="the model within a prepared/1 one is not an object"):
        read(3)
    with pytest.raises(PackageInvalid, match="a prepared/1 model has no field 'scale'"):
        read(INNER["centroids/1"], {**PREPARATION, "scale": 1})


@pytest.mark.parametrize("inner", FORMATS)
@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_garbled_models_are_refused_or_score(inner: str, seed: int) -> None:
    """Any part exchanged for anything: one sentence, or a model whose two ways agree on scores within [0, 1]."""
    model = read_unless_refused(lambda: read(mutated(INNER[inner], seed)))
    if model is not None:
        assert_one_as_many(model, strange_rows(2))
