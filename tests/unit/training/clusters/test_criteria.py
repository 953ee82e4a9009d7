"""Separation: scikit-learn's figures, noise left out, many rows sampled."""

from __future__ import annotations

import numpy as np
import pytest
from algorithm_rows import grouped_rows
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score

from training.clusters import criteria
from training.clusters.criteria import separation


def test_the_figures_are_scikit_learns() -> None:
    """On rows that are all read; the interval is around the value."""
    values, groups = grouped_rows()
    labels = groups.astype(np.int32)
    found = separation(values, labels, None, 7)
    assert found.silhouette.value == pytest.approx(silhouette_score(values, labels))
    assert found.silhouette.low < found.silhouette.value < found.silhouette.high
    assert found.davies_bouldin == pytest.approx(davies_bouldin_score(values, labels))
    assert found.calinski_harabasz == pytest.approx(calinski_harabasz_score(values, labels))


def test_noise_is_nobodys_neighbour() -> None:
    """Rows far out under the noise label change nothing."""
    values, groups = grouped_rows()
    far = np.random.default_rng(1).uniform(-9, 9, (50, values.shape[1]))
    labels = np.concatenate([groups, np.full(50, 3)]).astype(np.int32)
    with_noise = separation(np.concatenate([values, far]), labels, 3, 7)
    assert with_noise == separation(values, groups.astype(np.int32), None, 7)


def test_many_rows_are_sampled_as_scikit_learn_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rows by the same seed."""
    monkeypatch.setattr(criteria, "SILHOUETTE_ROWS", 100)
    values, groups = grouped_rows()
    found = separation(values, groups.astype(np.int32), None, 7).silhouette.value
    assert found == pytest.approx(silhouette_score(values, groups, sample_size=100, random_state=7))


def test_one_cluster_is_not_separated() -> None:
    """The worst figures there are, finite: they are written as JSON."""
    values, _ = grouped_rows()
    found = separation(values, np.zeros(len(values), dtype=np.int32), None, 7)
    assert found.silhouette.value == -1.0
    assert np.isfinite(found.davies_bouldin)
    assert found.calinski_harabasz == 0.0
