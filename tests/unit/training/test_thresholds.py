"""Thresholds: chosen by rule, never on a row."""

from __future__ import annotations

import numpy as np
import pytest

from strata.errors import InputInvalid
from training.labels.thresholds import choose_thresholds
from training.sections import Band

PROBABILITY = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
LABELS = np.array([1, 1, 0, 1, 0, 0, 0, 1, 0, 0], dtype=np.int8)


def _bands(precision: float, recall: float) -> list[Band]:
    return [
        Band(key="a", label="A", description="", precision_at_least=precision),
        Band(key="b", label="B", description="", recall_at_least=recall),
        Band(key="c", label="C", description=""),
    ]


def test_the_widest_band_that_keeps_the_precision_and_the_narrowest_with_the_recall() -> None:
    """Three quarters of the four highest rows are positive; all four positives lie above 0.15."""
    assert choose_thresholds(_bands(0.75, 1.0), LABELS, PROBABILITY) == pytest.approx([0.15, 0.55])


def test_no_row_lies_on_a_threshold() -> None:
    """Thresholds lie half-way between two probabilities that occur."""
    assert not set(choose_thresholds(_bands(0.75, 1.0), LABELS, PROBABILITY)) & set(PROBABILITY)


def test_rules_that_cannot_be_met_are_named() -> None:
    """A precision nobody reaches, and bands that cross, are sentences."""
    with pytest.raises(InputInvalid, match=r"no threshold gives a a precision of 0\.9"):
        choose_thresholds(_bands(0.9, 1.0), LABELS[::-1], PROBABILITY)
    with pytest.raises(InputInvalid, match="cross on the validation rows"):
        choose_thresholds(_bands(0.4, 0.5), LABELS, PROBABILITY)
