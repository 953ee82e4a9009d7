"""Logistic regression: its exported numbers give the library's answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from strata.errors import InputInvalid
from training.algorithms import label_algorithm, section_of
from training.rows import Floats

BANDS = [
    {"key": "a", "label": "A", "description": "", "precision_at_least": 0.4},
    {"key": "b", "label": "B", "description": ""},
]
CHANCE = np.random.default_rng(2)
VALUES = CHANCE.normal(size=(300, 5))
TOLD = VALUES[:, 0] - 2 * VALUES[:, 1] + CHANCE.normal(size=300)


def _fit(classes: int = 2, **section: Any) -> Any:
    labels = np.digitize(TOLD, [0.0] if classes == 2 else [-1.0, 1.0]).astype(np.int8)
    checked = section_of("logistic").model_validate({"kind": "logistic", "bands": BANDS, **section})
    return label_algorithm(checked).fit(VALUES, labels, None, checked, classes=classes, seed=1)  # type: ignore[arg-type]


def _softmax(sums: Floats) -> Floats:
    odds = np.exp(sums - sums.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def test_two_classes_are_a_weighted_sum() -> None:
    """`raw` is log-odds, and the export has what it takes."""
    scorer = _fit()
    model = scorer.export().model
    assert set(model) == {"format", "weights", "intercept"}
    np.testing.assert_allclose(VALUES @ model["weights"] + model["intercept"], scorer.raw(VALUES), atol=1e-12)


def test_more_classes_are_a_softmax() -> None:
    """Probabilities, a row of weights per class."""
    scorer = _fit(3)
    model = scorer.export().model
    sums = VALUES @ np.array(model["weights"]).T + model["intercepts"]
    np.testing.assert_allclose(_softmax(sums), scorer.raw(VALUES), atol=1e-12)


def test_l1_leaves_out_what_says_nothing() -> None:
    """The three idle columns weigh nothing under enough L1, and little under L2."""
    l1, l2 = (_fit(penalty=way, strength=25.0).export().model["weights"] for way in ("l1", "l2"))
    assert [weight == 0 for weight in l1] == [False, False, True, True, True]
    assert all(weight != 0 for weight in l2)
    assert _fit(penalty="elastic", strength=25.0, l1_share=0.5).export().model["weights"] not in (l1, l2)


def test_contributions_add_up_to_raw() -> None:
    """From the expected value, which is the mean."""
    scorer = _fit()
    found = scorer.contributions(VALUES)
    np.testing.assert_allclose(found.sum(axis=1), scorer.raw(VALUES), atol=1e-12)
    assert found[0, -1] == pytest.approx(scorer.raw(VALUES).mean())


def test_no_end_in_the_iterations_given_is_a_sentence() -> None:
    """It says what to try."""
    with pytest.raises(InputInvalid, match=r"no end in 1 iterations; scale its columns \(prepare\.scale: zscore\)"):
        _fit(iterations=1)


def test_a_class_without_rows_is_named() -> None:
    """Before the library meets it."""
    checked = section_of("logistic").model_validate({"kind": "logistic", "bands": BANDS})
    with pytest.raises(InputInvalid, match="no training row is of class 2 of 0 to 2"):
        label_algorithm(checked).fit(VALUES, (TOLD > 0).astype(np.int8), None, checked, classes=3, seed=1)  # type: ignore[arg-type]
