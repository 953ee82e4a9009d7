"""Names of centroids: a rule, unique, and blind to the order in which centroids come."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from training.clusters.naming import name_centroids
from training.definition import load_definition
from training.sections import ClusterSection

ALGORITHM = load_definition("value_tiers").algorithm
assert isinstance(ALGORITHM, ClusterSection)
AXES = list(ALGORITHM.axes)
# The centroids found on Complete Journey on 2017-12-01: recency, frequency, monetary, basket.
POSITIONS = np.array(
    [[0.76, 0.80, 0.82, 0.61], [0.65, 0.58, 0.42, 0.25], [0.37, 0.45, 0.60, 0.76], [0.13, 0.21, 0.19, 0.39]]
)
NAMES = ["loyal_high_value", "frequent_small_baskets", "large_baskets", "low_activity"]


def test_the_shape_decides_the_name_not_the_order() -> None:
    """Every order of the same centroids gives each the same name."""
    for order in permutations(range(4)):
        named = name_centroids(POSITIONS[list(order)], AXES, ALGORITHM.archetypes)
        assert [one.key for one in named] == [NAMES[i] for i in order]


def test_two_alike_centroids_get_two_names() -> None:
    """A name is used once, even where one archetype is nearest to both."""
    named = name_centroids(np.array([[0.05, 0.05, 0.05, 0.45]] * 2), AXES, ALGORITHM.archetypes)
    assert len({one.key for one in named}) == 2
    assert "dormant" in {one.key for one in named}


def test_small_shifts_keep_names() -> None:
    """Retraining on slightly different users does not rename segments."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        moved = np.clip(POSITIONS + rng.normal(0, 0.04, POSITIONS.shape), 0, 1)
        assert [one.key for one in name_centroids(moved, AXES, ALGORITHM.archetypes)] == NAMES
