"""Pruning: idle features go when that does no harm, and stay when they stand in for one another."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from training.judge.intervals import Resampling
from training.judge.permutation import permutation_importance
from training.judge.pruning import Pruning, prune

HOW = Resampling(100, seed=2)


def _prune(values: np.ndarray, labels: np.ndarray, refits: list[frozenset[str]] | None = None) -> Pruning:
    """Learned from the first half, judged on the second."""
    half = len(labels) // 2
    names = [f"v:{i}" for i in range(values.shape[1])]

    def refit(left_out: frozenset[str]) -> np.ndarray:
        if refits is not None:
            refits.append(left_out)
        kept = [i for i, name in enumerate(names) if name not in left_out]
        model = LogisticRegression(C=100.0).fit(values[:half, kept], labels[:half])
        return model.decision_function(values[half:, kept])

    model = LogisticRegression(C=100.0).fit(values[:half], labels[:half])
    columns = {name: [i] for i, name in enumerate(names)}
    drops = permutation_importance(model.decision_function, values[half:], labels[half:], columns, HOW)
    return prune(refit, labels[half:], drops, HOW)


def test_what_is_idle_is_left_out_and_the_effect_is_shown() -> None:
    """Twenty columns of noise beside two that matter: they go, the figure is no lower, the test rows were not asked."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=(600, 22))
    labels = (rng.random(600) < 1 / (1 + np.exp(-values[:, 0] - values[:, 1]))).astype(np.int8)
    found = _prune(values, labels)
    assert {"v:0", "v:1"} <= set(found.kept)
    assert len(found.left_out) > 10
    assert found.after.value >= found.before.value
    assert found.difference["value"] == pytest.approx(found.after.value - found.before.value)
    told = found.to_json()
    assert sorted([*told["kept"], *told["left_out"]]) == sorted(f"v:{i}" for i in range(22))
    assert f"without {len(found.left_out)} of them roc_auc on the validation rows goes from" in told["statement"]


def test_what_makes_it_worse_is_kept() -> None:
    """A refit that is worse without any of the doubtful ones: halves are tried, then all stay, and it is said."""
    rng = np.random.default_rng(3)
    labels = (rng.random(400) < 0.5).astype(np.int8)
    strong = labels + rng.normal(0, 0.5, 400)
    drops = [{"feature": f"v:{i}", "drop": {"value": -i / 100, "low": -0.1, "high": 0.1}} for i in range(5)]
    refits: list[frozenset[str]] = []

    def refit(left_out: frozenset[str]) -> np.ndarray:
        refits.append(left_out)
        return strong + len(left_out) * rng.normal(0, 2.0, 400)

    found = prune(refit, labels, drops, HOW)
    assert refits == [
        frozenset(),
        frozenset({"v:4", "v:3", "v:2", "v:1"}),
        frozenset({"v:4", "v:3"}),
        frozenset({"v:4"}),
    ]
    assert (found.left_out, found.kept) == ((), tuple(f"v:{i}" for i in range(5)))
    assert found.before == found.after
    assert found.difference == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert "without them roc_auc on the validation rows is lower: all are kept" in found.statement


def test_nothing_to_prune_costs_one_fit() -> None:
    """Where every feature pays, nothing is refitted but the whole."""
    drops = [{"feature": "v:0", "drop": {"value": 0.1, "low": 0.05, "high": 0.2}}]
    refits: list[frozenset[str]] = []
    found = prune(lambda out: refits.append(out) or np.arange(4.0), np.array([0, 1, 0, 1], dtype=np.int8), drops, HOW)
    assert refits == [frozenset()]
    assert found.statement == "Each of the 1 features pays; none is left out."
