"""A preparation with every kind of step over four features, rows that try it, and packages with each inner model."""

from __future__ import annotations

from math import inf, nan
from typing import Any, Final

import numpy as np
from toy_package import stump

PREPARATION: dict[str, Any] = {
    "steps": [
        {"kind": "range", "input": 0, "low": 0.0, "high": 100.0},
        {"kind": "indicator", "input": 4},
        {"kind": "fill", "input": 4, "value": 12.5},
        {"kind": "fill", "input": 1, "value": 0.0},
        {"kind": "fill_linear", "input": 2, "inputs": [6, 7], "weights": [0.3, -1.7], "intercept": 0.1, "low": -3.0,
         "high": 3.0},
        {"kind": "scale", "input": 6, "offset": 7.3, "factor": 0.21},
        {"kind": "knots", "input": 7, "knots": [-1.0, 0.3, 2.0], "levels": [0.0, 0.7, 1.0]},
        {"kind": "bins", "input": 8, "edges": [-1.0, 0.0, 1.5], "values": [1.0, 2.0, 3.0, 4.0]},
        {"kind": "table", "input": 3, "rows": [[1.0, 0.0], [0.0, 1.0], [0.3, 0.3]], "missing": [0.1, 0.1],
         "other": [0.0, 0.0]},
        {"kind": "weighted", "inputs": [9, 10, 11], "weights": [0.3, 0.4, 0.3], "intercept": -0.7, "link": "logistic"},
        {"kind": "weighted", "inputs": [9, 5], "weights": [1.1, -0.9], "intercept": 0.0, "link": "identity"},
        {"kind": "single", "input": 9},
    ],
    "select": [9, 10, 11, 12, 13, 14, 15, 16, 5, 8],
}  # fmt: skip
"""Of 4 features into 10 columns, none of which is ever missing."""
FEATURES, COLUMNS = 4, 10

SEGMENTS: Final = 3


def _inner_models() -> dict[str, dict[str, Any]]:
    chance = np.random.default_rng(17)
    places = chance.normal(0.5, 1.0, (SEGMENTS, COLUMNS)).round(3).tolist()
    factors = [np.triu(chance.normal(0, 0.3, (COLUMNS, COLUMNS)), 1) + 1.7 * np.eye(COLUMNS) for _ in range(SEGMENTS)]
    mixture = {"format": "mixture/1", "means": places, "weights": [0.5, 0.3, 0.2]}
    bands = {
        "calibration": {"kind": "platt", "slope": 1.3, "offset": 0.1},
        "thresholds": [0.3, 0.7],
        "bands": [2, 0, 1],
    }
    scale = {"missing": 0.0, "knots": [0.0, 0.5, 3.0], "levels": [0.0, 0.5, 1.0]}
    shares = {"format": "lightgbm-classes/1", "file": "shares.txt", "classes": [1, 2, 0], "link": "shares"}
    return {
        "centroids/1": {"format": "centroids/1", "centroids": places},
        "kmeans/1": {"format": "kmeans/1", "centroids": places, "scales": [scale] * COLUMNS},
        "mixture/1": {**mixture, "covariance": "full", "precisions_cholesky": [each.tolist() for each in factors]},
        "diagonal mixture": {
            **mixture, "covariance": "diag", "precisions_cholesky": [np.diagonal(each).tolist() for each in factors]
        },
        "neighbours/1": {
            "format": "neighbours/1", "points": chance.normal(0.5, 1.0, (6, COLUMNS)).round(3).tolist(),
            "segments": [0, 1, 0, 1, 1, 0], "scales": [0.5, 1.0, 2.0, 1.0, 1.5, 0.7], "reach": 4.0, "noise": 2,
        },
        "linear/1": {"format": "linear/1", "weights": places[0], "intercept": -0.4, **bands},
        "linear-classes/1": {
            "format": "linear-classes/1", "weights": places, "intercepts": [0.1, 0.0, -0.1], "classes": [2, 0, 1],
        },
        "lightgbm/1": {"format": "lightgbm/1", "file": "bands.txt", **bands},
        "lightgbm-classes/1": {"format": "lightgbm-classes/1", "file": "classes.txt", "classes": [1, 2, 0]},
        "shares": shares,
    }  # fmt: skip


INNER: Final = _inner_models()
"""Name -> the document of a model that reads the prepared columns, with three segments."""


def stumps(leaves: list[tuple[float, float]], classes: int, objective: str = "") -> bytes:
    """Trees over the prepared columns, each with two leaves of these values."""
    trees = [stump(number, *pair) for number, pair in enumerate(leaves)]
    head = [
        "tree", "version=v4", f"num_class={classes}", f"num_tree_per_iteration={classes}", "label_index=0",
        f"max_feature_idx={COLUMNS - 1}", *([f"objective={objective}"] if objective else []),
        f"feature_names={' '.join(f'c{column}' for column in range(COLUMNS))}",
        f"feature_infos={' '.join(['[0:9]'] * COLUMNS)}", f"tree_sizes={' '.join(str(len(tree)) for tree in trees)}",
    ]  # fmt: skip
    return ("\n".join(head) + "\n\n" + "".join(trees) + "end of trees\n\nparameters:\nend of parameters\n").encode()


FILES: Final = {
    "bands.txt": stumps([(-1.5, 0.2), (0.3, 1.1)], 1, "binary sigmoid:1"),
    "classes.txt": stumps([(0.0, 2.0), (0.7, 0.0), (0.1, 0.2)], 3, "multiclass num_class:3"),
    "shares.txt": stumps([(0.1, 0.5), (0.3, 0.25), (0.2, 0.0), (0.3, 0.1), (0.0, 0.0), (0.1, 0.1)], 3),
    "negative.txt": stumps([(0.1, 0.5), (0.3, 0.25), (-0.2, 0.0)], 3),
}
"""What those documents name, and a model that cannot be shares."""


def strange_rows(seed: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """24 rows of 4 features, more than are scored one by one: on edges of the steps, missing, beyond numbers."""
    chance = np.random.default_rng(seed)
    plain = chance.normal(0.5, 3.0, (24, FEATURES))
    plain[:, 3] = chance.integers(-1, 5, 24)
    edges = [0.0, -0.0, -1.0, 0.3, 2.0, 100.0, 12.5, 1.5, nan, nan, inf, -inf, 1e308, -1e308, 5e-324]
    return np.where(chance.random(plain.shape) < 0.3, chance.choice(edges, plain.shape), plain)


def assert_same_bits(found: Any, wanted: Any) -> None:
    """Equal numbers, the sign of a zero too; what is no number is so in both."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(np.signbit(np.nan_to_num(found)), np.signbit(np.nan_to_num(wanted)))
