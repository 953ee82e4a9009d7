"""What single clustering algorithms promise beyond what all of them do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from algorithm_rows import grouped_rows, section_for
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.mixture import GaussianMixture

from strata.errors import InputInvalid
from training.algorithms import cluster_algorithm
from training.algorithms.port import Clusters, Floats
from training.sections import ClusterSection

VALUES, GROUPS = grouped_rows()


def _fit(kind: str, values: Floats, count: int = 3, **keys: Any) -> Clusters:
    section = section_for(kind)
    assert isinstance(section, ClusterSection)
    section = type(section).model_validate({**section.model_dump(), **keys})
    return cluster_algorithm(section).fit(values, section, count=count, seed=7)


def test_k_means_is_scikit_learns() -> None:
    """The same labels by the same seed, and scores that are 1 on a centroid and 0 between two."""
    found = _fit("kmeans", VALUES)
    theirs = KMeans(3, n_init=8, random_state=7).fit(VALUES)
    assert found.labels.tolist() == theirs.labels_.tolist()
    on, between = theirs.cluster_centers_[:1], theirs.cluster_centers_[:2].mean(axis=0, keepdims=True)
    assert found.assign(on).scores.tolist() == [1.0]
    assert found.assign(between).scores.tolist() == pytest.approx([0.0], abs=1e-9)


def test_many_rows_are_read_in_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """A note says so; centroids are doubles, and nearly those of doubles."""
    doubles = _fit("kmeans", VALUES)
    monkeypatch.setattr("training.algorithms._single.SINGLE_ROWS", 100)
    singles = _fit("kmeans", VALUES)
    assert singles.notes == ("Centroids were found in single precision: 240 rows are many.",)
    assert doubles.notes == ()
    ours, theirs = (np.array(one.export([0, 1, 2]).model["centroids"]) for one in (singles, doubles))
    np.testing.assert_allclose(sorted(ours.tolist()), sorted(theirs.tolist()), atol=1e-4)


def test_mini_batches_find_what_k_means_finds() -> None:
    """Where there are groups: the same partition, batches smaller than the rows."""
    ours, theirs = _fit("minibatch_kmeans", VALUES, batch=64), _fit("kmeans", VALUES)
    pairs = set(zip(ours.labels.tolist(), theirs.labels.tolist(), strict=True))
    assert len(pairs) == 3


def test_wards_rule_repeats_its_tree() -> None:
    """Where groups are apart, every row stays in the cluster the tree put it in, and the note says how many do."""
    found = _fit("ward", VALUES)
    tree = AgglomerativeClustering(3, linkage="ward").fit(VALUES).labels_
    assert len(set(zip(found.labels.tolist(), tree.tolist(), strict=True))) == 3
    assert found.notes[-1] == "Placed by the nearest centroid, 100.0% of the rows stay in the cluster of the tree."


@pytest.mark.parametrize("kind", ["ward", "minibatch_kmeans", "gaussian_mixture"])
def test_many_rows_are_read_in_part(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All are placed by the rule; the sample is the seed's."""
    monkeypatch.setattr(f"training.algorithms.{kind}.MOST_ROWS", 60)
    found = _fit(kind, VALUES)
    assert "fitted on 60 of 240 rows" in found.notes[0]
    assert len(found.labels) == 240
    assert found.labels.tolist() == _fit(kind, VALUES).labels.tolist()


@pytest.mark.parametrize("covariance", ["full", "diag"])
def test_a_mixture_is_scikit_learns(covariance: str) -> None:
    """Posteriors, their argmax and the information criterion."""
    found = _fit("gaussian_mixture", VALUES, covariance=covariance)
    theirs = GaussianMixture(3, covariance_type=covariance, n_init=4, reg_covar=1e-3, random_state=7).fit(VALUES)
    posterior = theirs.predict_proba(VALUES)
    assert found.labels.tolist() == posterior.argmax(axis=1).tolist()
    assert found.assign(VALUES).scores.tolist() == posterior.max(axis=1).tolist()
    assert found.bic(VALUES) == theirs.bic(VALUES)  # type: ignore[attr-defined]
    assert found.export([0, 1, 2]).model["covariance"] == covariance


def test_a_mixture_that_has_not_settled_says_so() -> None:
    """One pass is too few for overlapping groups."""
    cloud = np.random.default_rng(2).normal(size=(300, 2))
    assert "had not settled after 1 passes" in _fit("gaussian_mixture", cloud, passes=1).notes[-1]


@pytest.mark.parametrize("kind", ["kmeans", "minibatch_kmeans", "ward", "gaussian_mixture"])
def test_fewer_rows_than_clusters_are_a_sentence(kind: str) -> None:
    """In our words, not the library's."""
    with pytest.raises(InputInvalid, match="2 rows are too few for 3 clusters"):
        _fit(kind, VALUES[:2])
