"""The rule for rows HDBSCAN has not seen: kept points, their scales, and the reach."""

from __future__ import annotations

import json

import numpy as np
import pytest
from algorithm_rows import grouped_rows

from training.algorithms import _neighbours
from training.algorithms._neighbours import KeptPoints, choose_reach, keep_points, point_scales
from training.algorithms.hdbscan import ALGORITHM, HdbscanSection
from training.rows import Floats

# Cluster 0 at 0 with scale 1, cluster 1 at 10 with scale 4: reach 2 is 0..2 from the one and 2..18 about the other.
LINE = KeptPoints(
    np.array([[0.0], [10.0]]), np.array([0, 1], dtype=np.int32), np.array([1.0, 4.0]), 2, np.arange(2), 2.0
)


def _answer(row: float) -> tuple[int, float]:
    found = LINE.assign(np.array([[row]]))
    return int(found.segment_indexes[0]), float(found.scores[0])


@pytest.mark.parametrize(
    ("row", "cluster", "score"),
    [
        (0.0, 0, 1.0),  # on a kept point
        (1.0, 0, (2 - 1) / (2 + 1)),  # one step away, the border of reach is the nearest
        (2.0, 0, 0.0),  # at reach, and as far from the other
        (-3.0, 2, (3 - 2) / (3 + 2)),  # beyond reach
        (4.0, 1, (2 - 1.5) / (2 + 1.5)),  # nearer to 0 in plain units, but the points about 10 lie wider
        (50.0, 2, (10 - 2) / (10 + 2)),
    ],
)
def test_a_row_belongs_to_the_nearest_point_in_its_own_steps(row: float, cluster: int, score: float) -> None:
    """Distance over scale; noise beyond reach; a margin in either case."""
    assert _answer(row) == (cluster, pytest.approx(score))


def test_reach_is_where_clustered_rows_and_noise_part() -> None:
    """Rows a step from another are clustered, rows five steps away are noise: reach is between."""
    rows = np.array([[0.0], [1.0], [2.0], [3.0], [8.0], [-5.0]])
    found = np.array([0, 0, 0, 0, -1, -1], dtype=np.int32)
    kept = choose_reach(keep_points(rows, found, np.ones(6), 7), rows, found)
    assert 1.0 < kept.reach < 5.0
    assert kept.assign(rows).segment_indexes.tolist() == [0, 0, 0, 0, 1, 1]


def test_without_noise_reach_is_as_far_as_the_rows_are_apart() -> None:
    """Every row it was fitted on stays, and what is far out is noise all the same."""
    rows = np.arange(5.0)[:, None]
    found = np.zeros(5, dtype=np.int32)
    kept = choose_reach(keep_points(rows, found, np.ones(5), 7), rows, found)
    assert kept.reach == 1.0
    assert kept.assign(np.array([[4.5], [9.0]])).segment_indexes.tolist() == [0, 1]


def test_equal_rows_have_a_scale() -> None:
    """Nothing is divided by zero; where all are equal, a step is 1."""
    assert point_scales(np.zeros(3)).tolist() == [1.0, 1.0, 1.0]
    assert (point_scales(np.array([0.0, 2.0])) > 0).all()


def test_few_points_are_kept_of_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """In proportion to the clusters, some of the smallest too; its own rows are still placed as HDBSCAN placed them."""
    monkeypatch.setattr(_neighbours, "MOST_POINTS", 60)
    values, _ = grouped_rows()
    found = _fit(np.concatenate([values, values[:12] + 2.0]))
    assert len(found.kept.points) <= 60 + _neighbours.LEAST_POINTS
    assert set(found.kept.clusters.tolist()) == set(range(found.noise))
    assert "repeats HDBSCAN's own answer for 9" in found.notes[-1] or "100.0%" in found.notes[-1]


@pytest.mark.parametrize("columns", [4, 60])
def test_a_package_stays_small(columns: int) -> None:
    """However many rows and columns: the document, written as a manifest is, is below a megabyte."""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(5_000, columns)) * 1e4
    found = (rows[:, 0] > 0).astype(np.int32)
    kept = keep_points(rows, found, np.ones(5_000), 7)
    assert len(json.dumps(kept.to_json([0, 1, 2]), indent=1)) < 1_000_000


def test_many_rows_are_sampled_and_all_are_placed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A note says so."""
    monkeypatch.setattr("training.algorithms.hdbscan.MOST_ROWS", 100)
    values, _ = grouped_rows()
    found = _fit(values)
    assert len(found.labels) == len(values)
    assert found.notes[0].endswith("fitted on 100 of 240 rows, chosen at random, and all were then assigned.")


def _fit(values: Floats):  # type: ignore[no-untyped-def]
    axis = {"features": ["toy:c0"], "missing": "low", "unit": "things"}
    types = [
        {"key": f"type{i}", "label": "Type", "description": "One.", "anchor": {"one": i / 3}} for i in range(4)
    ]  # fmt: skip
    section = HdbscanSection.model_validate(
        {"kind": "hdbscan", "k_range": [2, 4], "axes": {"one": axis}, "archetypes": types, "min_cluster_share": 0.1}
    )
    return ALGORITHM.fit(values, section, count=0, seed=7)
