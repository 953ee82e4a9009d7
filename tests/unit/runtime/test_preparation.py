"""Preparations: steps in their order, one row as many, and what a document may not say."""

from __future__ import annotations

import json
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutated_documents import mutated, read_unless_refused
from prepared_packages import PREPARATION, assert_same_bits, strange_rows

from strata.errors import PackageInvalid
from strata.runtime.prepare import MOST_NUMBERS, MOST_SLOTS, MOST_STEPS, Knots, Preparation, Scale, read_steps
from strata.runtime.prepare.preparation import BLOCK

FILL = {"kind": "fill", "input": 0, "value": 1.0}


def read_one(step: dict[str, Any], features: int = 2) -> Preparation:
    return read_steps({"steps": [step], "select": [0]}, features)


@given(st.integers(0, 2**32 - 1))
def test_one_row_is_prepared_as_in_a_batch(seed: int) -> None:
    """Every kind of step, one upon the other, to the last bit: missing, infinite and unseen values too."""
    preparation = read_steps(PREPARATION, 4)
    rows = strange_rows(seed)
    found = preparation.apply(rows)
    assert found.shape == (len(rows), len(PREPARATION["select"]))
    assert found.flags.c_contiguous
    assert_same_bits([preparation.apply_row(row) for row in rows], found)


def test_blocks_of_a_large_batch_change_nothing() -> None:
    """Rows are prepared some thousands at a time; no rows are prepared, too."""
    preparation = read_steps(PREPARATION, 4)
    few = np.vstack([strange_rows(seed) for seed in range(7)])
    rows = np.tile(few, (2 * BLOCK // len(few) + 2, 1))
    found = preparation.apply(np.asfortranarray(rows))
    assert_same_bits(found, np.tile(preparation.apply(few), (len(rows) // len(few), 1)))
    assert preparation.apply(rows[:0]).shape == (0, found.shape[1])


def test_a_preparation_goes_round_by_json() -> None:
    """What is written is read back, number for number; what is given is not changed."""
    preparation = read_steps(PREPARATION, 4)
    assert json.loads(json.dumps(preparation.to_json())) == PREPARATION
    rows = strange_rows(3)
    before = rows.copy()
    preparation.apply(rows)
    np.testing.assert_array_equal(rows, before)


def test_a_step_reads_what_the_steps_before_it_made() -> None:
    """Slots are numbered from the raw features on."""
    steps = (Scale(0, 1.0, 2.0), Knots(2, np.array([0.0, 10.0]), np.array([0.0, 1.0])))
    assert Preparation(2, steps, (3, 0)).apply(np.array([[3.0, 9.0], [nan, 9.0]]))[0].tolist() == [0.4, 3.0]


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (3, "step 0 of the preparation is not an object"),
        ({"kind": "magic"}, "of kind 'magic', not known here"),
        ({"kind": ["fill"]}, "of kind .*, not known here"),
        ({**FILL, "input": 2}, r"step 0 \(fill\): input: a whole number from 0 to 1 is needed, 2 was found"),
        ({**FILL, "input": -1}, "from 0 to 1 is needed, -1"),
        ({**FILL, "input": 1.0}, "from 0 to 1 is needed, 1.0"),
        ({**FILL, "input": True}, "from 0 to 1 is needed, True"),
        ({**FILL, "value": "1"}, "value: a number is needed, '1' was found"),
        ({**FILL, "value": inf}, "value: not every number is finite"),
        ({**FILL, "value": 10**400}, "value: not an array of numbers"),
        ({**FILL, "way": "median"}, r"step 0 \(fill\): it has no field 'way'"),
        ({"kind": "range", "input": 0, "low": 2.0, "high": 1.0}, "low is above high"),
        ({"kind": "range", "input": 0, "low": nan, "high": None}, "low: not every number is finite"),
        ({"kind": "scale", "input": 0, "offset": 0.0}, "factor: a number is needed, None was found"),
        ({"kind": "knots", "input": 0, "knots": [1.0, 0.0], "levels": [0.0, 1.0]}, "knots are out of order"),
        ({"kind": "knots", "input": 0, "knots": [0.0, 1.0], "levels": [0.0]}, "levels: 2 numbers are needed"),
        ({"kind": "knots", "input": 0, "knots": [0.0, 5e-324], "levels": [0, 9]}, "too near each other"),
        ({"kind": "bins", "input": 0, "edges": [1.0, 1.0], "values": [0, 1, 2]}, "edges are out of order"),
        ({"kind": "bins", "input": 0, "edges": [1.0], "values": [0.0]}, "values: 2 numbers are needed"),
        ({"kind": "table", "input": 0, "rows": [[1.0], [1.0, 2.0]], "missing": [0], "other": [0]}, "rows: not an arr"),
        ({"kind": "table", "input": 0, "rows": [[1.0, 2.0]], "missing": [0], "other": [0]}, "rows of 1 numbers"),
        ({"kind": "table", "input": 0, "rows": [], "missing": [], "other": []}, "missing: some numbers are needed"),
        ({"kind": "weighted", "inputs": [0], "weights": [1, 2], "intercept": 0, "link": "identity"}, "1 numbers are"),
        ({"kind": "weighted", "inputs": [], "weights": [], "intercept": 0, "link": "identity"}, "one at least"),
        ({"kind": "weighted", "inputs": [0], "weights": [1], "intercept": 0, "link": "probit"}, "'probit' is not kno"),
        ({"kind": "weighted", "inputs": [0], "weights": [1], "intercept": 0}, "link None is not known"),
    ],
)
def test_a_wrong_step_is_refused(step: Any, sentence: str) -> None:
    """One sentence that names the step, its kind and the field."""
    with pytest.raises(PackageInvalid, match=sentence):
        read_one(step)


def test_a_prediction_reads_only_what_is_never_missing() -> None:
    """Features with a default, and filled slots; a sentence names the slot that is not."""
    predicting = {
        "kind": "fill_linear", "input": 1, "inputs": [0], "weights": [2.0], "intercept": 0.0, "low": 0.0, "high": 9.0,
    }  # fmt: skip
    with pytest.raises(PackageInvalid, match="inputs names slot 0, which may be missing; fill it first"):
        read_one(predicting)
    assert read_steps({"steps": [predicting], "select": [2]}, 2, never_missing=[0]).may_miss([0]) == [False]
    with pytest.raises(PackageInvalid, match="low is above high"):
        read_steps({"steps": [{**predicting, "low": 10}], "select": [2]}, 2, never_missing=[0])
    after = {"steps": [FILL, {**predicting, "inputs": [2]}], "select": [3]}
    assert read_steps(after, 2).apply_row(np.array([nan, nan])).tolist() == [2.0]


def test_what_may_be_missing_is_known_of_every_slot() -> None:
    """Raw features without a default, what a range empties, and whatever is made of those."""
    document = {
        "steps": [
            {"kind": "range", "input": 1, "low": 0.0, "high": None},
            {"kind": "indicator", "input": 0},
            {"kind": "weighted", "inputs": [1, 2], "weights": [1, 1], "intercept": 0, "link": "identity"},
            {"kind": "single", "input": 1},
            {"kind": "fill", "input": 2, "value": 0.0},
            {"kind": "table", "input": 0, "rows": [], "missing": [0, 1], "other": [0, 1]},
        ],
        "select": [0, 1, 2, 3, 4, 5, 6, 7, 8],
    }
    found = read_steps(document, 2, never_missing=[1]).may_miss([1])
    assert found == [True, False, True, False, True, False, False, False, False]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"steps": {}, "select": [0]}, "steps should be a list"),
        ({"steps": [FILL] * (MOST_STEPS + 1), "select": [0]}, f"a list of at most {MOST_STEPS}"),
        ({"steps": [], "select": []}, "should select 1 to"),
        ({"steps": [], "select": [0] * (MOST_SLOTS + 1)}, "should select 1 to"),
        ({"steps": [FILL], "select": [3]}, "the selected slots: a whole number from 0 to 2 is needed, 3"),
        ({"steps": [FILL], "select": 3}, "should select 1 to"),
    ],
)
def test_a_wrong_list_is_refused(document: Any, sentence: str) -> None:
    """Too many steps or columns would hold up every answer, and are refused before any is made."""
    with pytest.raises(PackageInvalid, match=sentence):
        read_steps(document, 2)


def test_tables_are_bounded() -> None:
    """In numbers, and in the columns that all steps make together."""
    wide = [0.0] * 4096
    table = {"kind": "table", "input": 0, "rows": [wide] * (MOST_NUMBERS // 4096 + 1), "missing": wide, "other": wide}
    with pytest.raises(PackageInvalid, match=f"1025 rows of 4096 are more than {MOST_NUMBERS} numbers: encode them"):
        read_one(table)
    with pytest.raises(PackageInvalid, match=f"more than {MOST_SLOTS} columns from step 4 on"):
        read_steps({"steps": [{**table, "rows": []}] * 5, "select": [0]}, 2)


@settings(max_examples=300)
@given(st.integers(0, 2**32 - 1))
def test_garbled_preparations_are_refused_or_prepare(seed: int) -> None:
    """Any part exchanged for anything: one sentence, or a preparation whose two ways agree."""
    preparation = read_unless_refused(lambda: read_steps(mutated(PREPARATION, seed), 4))
    if preparation is None:
        return
    rows = strange_rows(1)
    found = preparation.apply(rows)
    assert_same_bits([preparation.apply_row(row) for row in rows], found)
    plain = found[(np.abs(np.nan_to_num(rows)) < 1e100).all(axis=1)]
    assert not np.isnan(plain[:, ~np.array(preparation.may_miss())]).any()
