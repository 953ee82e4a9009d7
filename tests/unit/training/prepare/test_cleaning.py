"""Rows that repeat, values that cannot be, rows with gaps: met and counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mixed_rows import DAYS, TIER, cluster_definition, label_definition, mixed_schema

from strata.errors import InputInvalid
from training.prepare.cleaning import Inconsistent, clean, repeats
from training.prepare.fit import fit_preparation

SCHEMA = mixed_schema()
NAN, INF = np.nan, np.inf
VALUES = np.array(
    [
        [1.0, 2.0, 3.0, 0.0],
        [1.0, 2.0, 3.0, 0.0],
        [-1.0, 2.0, INF, 1.0],
        [400.0, 2.0, -INF, 4.0],
        [1.0, NAN, 3.0, -1.0],
    ]
)
LABELS = np.array([0, 0, 1, 1, 0], dtype=np.int8)


def test_values_that_cannot_be_are_missing_and_counted() -> None:
    """Outside the declared range, infinite, or no position of the vocabulary; the given rows stay as they are."""
    given_rows = VALUES.copy()
    found = clean(label_definition(ranges={DAYS: (0, 365)}).prepare, SCHEMA, given_rows, LABELS)
    assert found.cleaning.inconsistent == (
        Inconsistent(DAYS, 2, "at least 0, at most 365"),
        Inconsistent("v:spend", 2, "a finite number"),
        Inconsistent(TIER, 2, "a category of the vocabulary"),
    )
    assert np.isnan(found.values[[2, 3], 0]).all()
    assert np.isnan(found.values[[2, 3], 2]).all()
    assert np.isnan(found.values[[3, 4], 3]).all()
    assert np.isfinite(found.values[:2]).all()
    assert np.array_equal(given_rows, VALUES, equal_nan=True)


def test_a_package_holds_the_same_limits() -> None:
    """A value that was inconsistent in training is missing online; a declared range holds though nothing broke it."""
    definition = label_definition(ranges={"v:orders": (None, 9)})
    found = fit_preparation(definition, SCHEMA, VALUES, LABELS, reads_missing=True)
    online = np.array([[1.0, 10.0, INF, 7.0], [INF, 9.0, 1.0, 3.0]])
    assert np.array_equal(found.apply(online), [[1.0, NAN, NAN, NAN], [INF, 9.0, 1.0, 3.0]], equal_nan=True)


def test_repeated_rows_are_counted_and_dropped_when_asked() -> None:
    """Another label is another row."""
    kept = clean(label_definition().prepare, SCHEMA, VALUES, LABELS)
    assert (kept.cleaning.duplicates, kept.cleaning.dropped, len(kept.values)) == (1, False, 5)
    dropped = clean(label_definition(duplicates="drop").prepare, SCHEMA, VALUES, LABELS)
    assert (dropped.cleaning.duplicates, dropped.cleaning.dropped) == (1, True)
    assert dropped.kept.tolist() == [0, 2, 3, 4]
    labels = np.array([0, 1, 1, 1, 0], dtype=np.int8)
    assert clean(label_definition(duplicates="drop").prepare, SCHEMA, VALUES, labels).kept.tolist() == [0, 1, 2, 3, 4]


def test_rows_with_a_gap_are_left_out_when_asked() -> None:
    """Inconsistent values are gaps; those of features that are left out are not. Online they are filled."""
    found = clean(label_definition(missing="exclude").prepare, SCHEMA, VALUES, LABELS)
    assert (found.cleaning.excluded, found.kept.tolist()) == (3, [0, 1])
    definition = label_definition(missing="exclude", leave_out=["v:orders", "v:spend", TIER], ranges={DAYS: (0, 365)})
    fitted = fit_preparation(definition, SCHEMA, VALUES, LABELS, reads_missing=True)
    assert (fitted.kept.tolist(), fitted.training.tolist()) == ([0, 1, 4], [[1.0]] * 3)
    assert fitted.apply(VALUES)[:, 0].tolist() == [1.0] * 5
    assert fitted.record["excluded"] == 2
    assert fitted.record["missing"] == [{"feature": DAYS, "share": 0.4, "how": "rows left out; online median 1"}]


def test_nothing_left_is_said() -> None:
    """With what to declare instead."""
    with pytest.raises(InputInvalid, match=r"no row is left to learn from: 5 of them lack a value.*median or model"):
        clean(cluster_definition(missing="exclude").prepare, SCHEMA, np.where(VALUES > 2, NAN, VALUES), None)


@given(
    st.lists(
        st.lists(st.sampled_from([0.0, -0.0, 1.0, -1.0, NAN, INF]), min_size=3, max_size=3), min_size=1, max_size=20
    )
)
def test_repeats_are_rows_that_came_before(rows: list[list[float]]) -> None:
    """As looking for each row among those before finds them; a missing value equals a missing one, zeros each other."""
    seen: set[tuple[str, ...]] = set()
    expected = []
    for row in rows:
        told = tuple(str(value + 0.0) for value in row)
        expected.append(told in seen)
        seen.add(told)
    assert repeats(np.array(rows), None).tolist() == expected
