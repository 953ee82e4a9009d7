"""Bootstrap stability: 1 where the data have groups, low where a cut is arbitrary."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from algorithm_rows import grouped_rows, section_for
from threadpoolctl import threadpool_limits

from strata.errors import InputInvalid
from training.algorithms import cluster_algorithm
from training.algorithms.port import Clusters, Floats
from training.clusters import stability as module
from training.clusters.stability import Stability, stability
from training.sections import ClusterSection


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As the lab fits."""
    with threadpool_limits(1):
        yield


def _fit(rows: Floats, count: int, seed: int) -> Clusters:
    section = section_for("kmeans")
    assert isinstance(section, ClusterSection)
    return cluster_algorithm(section).fit(rows, section, count=count, seed=seed)


def _stability(values: Floats, count: int, seed: int = 7) -> Stability:
    return stability(_fit, _fit(values, count, seed), values, count, bootstraps=5, seed=seed)


def test_groups_are_found_again() -> None:
    """Three groups far apart: every refit agrees on every row."""
    assert _stability(grouped_rows()[0], 3) == Stability(1.0, 1.0)


def test_an_arbitrary_cut_is_not() -> None:
    """A round cloud cut in five: refits cut it elsewhere, the worst tenth more than the mean."""
    found = _stability(np.random.default_rng(2).normal(size=(300, 2)), 5)
    assert found.mean < 0.7
    assert found.low <= found.mean


def test_it_is_repeatable_by_seed() -> None:
    """Same seed, same figure; another seed, another."""
    cloud = np.random.default_rng(2).normal(size=(300, 2))
    assert _stability(cloud, 4) == _stability(cloud, 4)
    assert _stability(cloud, 4) != _stability(cloud, 4, seed=8)


def test_a_sample_without_such_clusters_agrees_with_nothing() -> None:
    """It counts as chance, and ends nothing."""
    values, _ = grouped_rows()
    found = _fit(values, 3, 7)

    def never(rows: Floats, count: int, seed: int) -> Clusters:
        raise InputInvalid("too few")

    assert stability(never, found, values, 3, bootstraps=3, seed=7) == Stability(0.0, 0.0)


def test_many_rows_are_resampled_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """No refit reads more rows than the bound, and the answer is the same where there are groups."""
    monkeypatch.setattr(module, "BOOTSTRAP_ROWS", 90)
    sizes = []

    def counting(rows: Floats, count: int, seed: int) -> Clusters:
        sizes.append(len(rows))
        return _fit(rows, count, seed)

    values, _ = grouped_rows()
    assert stability(counting, _fit(values, 3, 7), values, 3, bootstraps=4, seed=7) == Stability(1.0, 1.0)
    assert sizes == [90] * 4
