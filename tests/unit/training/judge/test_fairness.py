"""Fairness by the field's definitions: every group shown, those with rows enough judged."""

from __future__ import annotations

import numpy as np
import pytest

from training.judge.attributes import Attribute, banded_attribute, category_attribute, number_attribute, quartile_edges
from training.judge.fairness import fairness, fairness_metrics
from training.judge.group_rates import Floor
from training.judge.intervals import Resampling

HOW = Resampling(200, seed=3)
# Rows (label, chosen) of each group: a has 10 positives of which 8 are chosen, and 30 others of which 6 are.
_ROWS = {"a": {(1, 1): 8, (1, 0): 2, (0, 1): 6, (0, 0): 24}, "b": {(1, 1): 4, (1, 0): 6, (0, 1): 3, (0, 0): 47},
         "c": {(1, 1): 0, (1, 0): 0, (0, 1): 3, (0, 0): 0}}  # fmt: skip


def _rows() -> tuple[np.ndarray, np.ndarray, Attribute]:
    flat = [(label, chosen, place) for place, group in enumerate(_ROWS.values())
            for (label, chosen), count in group.items() for _ in range(count)]  # fmt: skip
    label, chosen, place = np.array(flat).T
    return label.astype(np.int8), chosen.astype(bool), category_attribute("town", place.astype(float), list("abc"))


def test_rates_and_differences_are_those_computed_by_hand() -> None:
    """fairlearn's selection rates 14/40 and 7/60, TPR 0.8 and 0.4, FPR 0.2 and 0.06; c has three rows: shown only."""
    found = fairness(*_rows(), HOW, Floor(rows=10, of_class=10))
    a, b, c = found["groups"]
    assert (a["rows"], a["positives"], a["rate"], a["tpr"], a["fpr"], a["fnr"]) == pytest.approx(
        (40, 10, 14 / 40, 0.8, 0.2, 0.2)
    )
    assert (b["rate"], b["tpr"], b["fpr"]) == pytest.approx((7 / 60, 0.4, 0.06))
    assert (c["rows"], c["rate"], c["tpr"], c["tpr_interval"], c["fnr"], c["judged"]) == (3, 1.0, None, None, None, [])
    assert a["judged"] == ["rate", "tpr", "fpr"]
    assert a["rate_interval"] == pytest.approx([0.2213, 0.5049], abs=1e-3)
    assert found["demographic_parity"]["value"] == pytest.approx(14 / 40 - 7 / 60)
    assert found["demographic_parity_ratio"]["value"] == pytest.approx((7 / 60) / (14 / 40))
    assert found["equalised_odds"]["value"] == pytest.approx(0.4)
    assert fairness_metrics([found]) == pytest.approx(
        {"fairness.town.demographic_parity": 14 / 40 - 7 / 60, "fairness.town.demographic_parity_ratio": 1 / 3,
         "fairness.town.equalised_odds": 0.4}
    )  # fmt: skip


def test_the_statement_says_who_differs_and_who_is_too_few() -> None:
    """Groups, shares, points, interval, and that one group is shown and not judged."""
    said = fairness(*_rows(), HOW, Floor(rows=10))["statement"]
    assert said.startswith("town: 35.0% of 'a' and 11.7% of 'b' are chosen, a difference of 23.3 points (95 %: ")
    assert "Odds differ most among the positive: 80.0% of 'a' and 40.0% of 'b' are chosen" in said
    assert said.endswith("Groups with fewer than 10 rows are shown and not judged: 1.")


def test_an_interval_is_as_wide_as_two_shares_make_it() -> None:
    """Large groups: within a tenth of the textbook's interval of a difference of proportions."""
    rng = np.random.default_rng(1)
    place = np.repeat([0.0, 1.0], 4_000)
    chosen = rng.random(8_000) < np.where(place == 1, 0.3, 0.2)
    labels = (rng.random(8_000) < 0.5).astype(np.int8)
    found = fairness(labels, chosen, category_attribute("town", place, ["a", "b"]), Resampling(800))
    spread = found["demographic_parity"]["high"] - found["demographic_parity"]["low"]
    assert spread == pytest.approx(2 * 1.96 * np.sqrt((0.3 * 0.7 + 0.2 * 0.8) / 4_000), rel=0.1)
    assert found["demographic_parity"]["low"] > 0
    assert found == fairness(labels, chosen, category_attribute("town", place, ["a", "b"]), Resampling(800))


def test_groups_treated_alike_are_seldom_told_apart() -> None:
    """Six groups, one chance: the widest of fifteen differences is beyond chance in 5 % of samples, not in a third."""
    rng = np.random.default_rng(2)
    told = 0
    for seed in range(60):
        place, labels = rng.integers(0, 6, 900).astype(float), (rng.random(900) < 0.5).astype(np.int8)
        attribute = category_attribute("town", place, list("abcdef"))
        told += (
            fairness(labels, rng.random(900) < 0.2, attribute, Resampling(100, seed))["demographic_parity"]["low"] > 0
        )
    assert told <= 8


def test_a_difference_by_chance_is_called_so() -> None:
    """Two groups treated alike: an interval down to 0, never below, and the sentence."""
    place = np.repeat([0.0, 1.0], 100)
    chosen = np.zeros(200, dtype=bool)
    chosen[:10] = chosen[100:112] = True
    labels = np.tile([0, 1], 100).astype(np.int8)
    found = fairness(labels, chosen, category_attribute("town", place, ["a", "b"]), HOW)
    assert found["demographic_parity"]["low"] == 0.0
    assert "which chance alone may make" in found["statement"]


def test_one_group_is_compared_with_nobody() -> None:
    """No figure is made up; the group and the reason are there."""
    labels, chosen, _ = _rows()
    alone = category_attribute("town", np.zeros(len(labels)), ["a"])
    found = fairness(labels, chosen, alone, HOW)
    assert "demographic_parity" not in found
    assert "equalised_odds" not in found
    assert len(found["groups"]) == 1
    assert found["statement"] == "town: fewer than two groups have 50 rows, so none is compared."


def test_odds_need_rows_of_a_class() -> None:
    """With nine positives and nine negatives each, selection is compared and odds are not; the sentence says so."""
    labels, place = np.tile([0, 1], 18).astype(np.int8), np.repeat([0.0, 1.0], 18)
    found = fairness(labels, place == 1, category_attribute("town", place, ["a", "b"]), HOW, Floor(rows=10))
    assert found["demographic_parity"]["value"] == 1.0
    assert "equalised_odds" not in found
    assert "Too few rows of a class (10) for a comparison of odds." in found["statement"]


def test_a_number_is_cut_where_it_is_said_and_by_quartiles_otherwise() -> None:
    """Missing is a group; quartiles of a lump count once; a constant has no bands."""
    column = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    assert banded_attribute("age", column, quartile_edges(column)).groups == (
        "under 2", "2 to 3", "3 to 4", "4 or more", "not known",
    )  # fmt: skip
    assert quartile_edges(np.array([0.0, 0.0, 0.0, 0.0, 9.0])) == []
    assert quartile_edges(np.array([np.nan])) == []
    assert banded_attribute("age", column, []).groups == ("all", "not known")
    assert quartile_edges(np.array([0.0, 0.0, 0.0, 9.0, 9.0])) == [9.0]


def test_a_number_says_where_its_bands_end() -> None:
    """The edges a file declares, or quartiles, and which of them; the statement ends with it."""
    age = np.tile([20.0, 30.0, 50.0, 70.0], 100)
    declared, quartiles = (number_attribute("age", age, edges) for edges in ((25, 45, 65), None))
    assert declared.groups == ("under 25", "25 to 45", "45 to 65", "65 or more")
    assert declared.cut == "Bands end at 25, 45 and 65, as declared."
    assert quartiles.cut == "Bands end at 30, 50 and 70, quartiles of these rows, since no edges are declared."
    assert number_attribute("age", np.ones(9), None).cut == ""
    assert number_attribute("age", age, (25,)).cut == "Bands end at 25, as declared."
    found = fairness(np.tile([0, 1], 200).astype(np.int8), age > 40, declared, HOW)
    assert found["statement"].endswith("Bands end at 25, 45 and 65, as declared.")
