"""Earlier instants: the same solution agrees with itself, another does not; clusters are matched, noise with noise."""

from __future__ import annotations

import numpy as np
import pytest
from algorithm_rows import grouped_rows, section_for

from strata.runtime.prepare import Preparation
from training.algorithms import cluster_algorithm
from training.algorithms.port import Clusters, Floats
from training.clusters.windows import Today, compare_window, match_clusters
from training.prepare.fitted_steps import FittedSteps
from training.rows import EarlierRows
from training.sections import ClusterSection

VALUES, GROUPS = grouped_rows()
KEYS = ["a", "b", "c"]
AT_US = 1_500_000_000_000_000


def _again(kind: str, values: Floats) -> tuple[FittedSteps, Clusters]:
    section = section_for(kind)
    assert isinstance(section, ClusterSection)
    columns = tuple(range(values.shape[1]))
    untouched = Preparation(len(columns), (), columns)
    names = tuple(f"toy:c{i}" for i in columns)
    steps = FittedSteps(untouched, names, np.arange(len(values)), values, (), {})
    return steps, cluster_algorithm(section).fit(values, section, count=3, seed=7)


def test_the_same_groups_at_an_earlier_instant_agree() -> None:
    """Whatever number a cluster had then, it is matched with its segment; shares are of the users of then."""
    earlier = EarlierRows(AT_US, VALUES[40:], np.arange(40, len(VALUES)))
    today = Today(VALUES, GROUPS.astype(np.int32), KEYS, None)
    window = compare_window(earlier, today, lambda rows: _again("kmeans", rows), 7)
    assert (window.agreement, window.matched) == (1.0, 1.0)
    assert window.shares == {"a": 0.2, "b": 0.4, "c": 0.4}
    assert window.silhouette > 0.7
    assert window.to_json()["as_of"] == "2017-07-14T02:40:00Z"


def test_a_solution_that_moved_agrees_less() -> None:
    """Two groups were one then, and one was two: users of today fall elsewhere under the old solution."""
    then = VALUES.copy()
    then[GROUPS == 1] = then[GROUPS == 0]
    then[GROUPS == 2, 0] += np.where(np.arange(80) < 40, -0.45, 0.45)
    today = Today(VALUES, GROUPS.astype(np.int32), KEYS, None)
    window = compare_window(
        EarlierRows(AT_US, then, np.arange(len(VALUES))), today, lambda rows: _again("kmeans", rows), 7
    )
    assert window.agreement < 0.8
    assert window.matched < 1.0


def test_noise_is_matched_with_noise() -> None:
    """Even where it shares nobody, and even where another segment holds more of its users."""
    _, found = _again("hdbscan", VALUES)
    assert found.noise == 3
    today = Today(VALUES, np.zeros(6, dtype=np.int32), [*KEYS, "unassigned"], 3)
    theirs, ours = np.array([0, 1, 2, 3, 3, 3], dtype=np.int32), np.array([1, 0, 2, 2, 2, 2], dtype=np.int32)
    assert match_clusters(theirs, ours, found, today).tolist() == [1, 0, 2, 3]


def test_a_cluster_that_shares_nobody_is_matched_with_nothing() -> None:
    """-1, and its users are in no share."""
    _, found = _again("kmeans", VALUES)
    today = Today(VALUES, np.zeros(4, dtype=np.int32), KEYS, None)
    theirs, ours = np.array([0, 0, 1, 1], dtype=np.int32), np.array([2, 2, 0, 0], dtype=np.int32)
    assert match_clusters(theirs, ours, found, today).tolist() == [2, 0, -1]


@pytest.mark.parametrize("kind", ["kmeans", "hdbscan"])
def test_shares_are_of_segments_that_are_there(kind: str) -> None:
    """They add up to 1 where every cluster has its match."""
    labels = GROUPS.astype(np.int32)
    keys = KEYS if kind == "kmeans" else [*KEYS, "unassigned"]
    today = Today(VALUES, labels, keys, None if kind == "kmeans" else 3)
    window = compare_window(
        EarlierRows(AT_US, VALUES, np.arange(len(VALUES))), today, lambda rows: _again(kind, rows), 7
    )
    assert sum(window.shares.values()) == pytest.approx(1.0)
