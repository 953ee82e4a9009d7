"""Row views: a fact as written, and the vectors made of facts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.errors import InputInvalid
from strata.features.facts import decode_row, encode_row, evaluate_facts
from strata.features.plan import compile_view
from strata.features.spec import Status, view_spec
from strata.features.user_row import RowDamaged
from strata.features.vectorise import vectorise

SPEC = view_spec(
    "profile",
    "row",
    [
        ("band", "string", {"strata.categories": '["low","mid","höch"]'}),
        ("kids", "int64", {}),
        ("ratio", "float64", {"note": "free"}),
        ("member", "bool", {}),
    ],
)
PLAN = compile_view(SPEC)
SHORT = compile_view(SPEC, ttl_us=100)
VALUES = st.tuples(
    st.none() | st.sampled_from(["low", "mid", "höch"]),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(VALUES, st.integers(-(2**60), 2**60))
def test_a_fact_comes_back_as_written(values: tuple[Any, ...], event_us: int) -> None:
    """Values, nulls and times survive the row."""
    fact = decode_row(PLAN, encode_row(PLAN, values, event_us, event_us + 1))
    assert fact is not None
    assert (fact.values, fact.event_us, fact.recorded_us) == (values, event_us, event_us + 1)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.none() | VALUES, max_size=6))
def test_online_vectors_equal_training_vectors(facts: list[tuple[Any, ...] | None]) -> None:
    """evaluate_facts and vectorise follow one rule, and a null is MISSING."""
    rows = [None if fact is None else encode_row(PLAN, fact, 5, 5) for fact in facts]
    result = evaluate_facts(PLAN, rows, 10)
    columns = {name: [None if f is None else f[i] for f in facts] for i, name in enumerate(SPEC.names)}
    np.testing.assert_array_equal(result.values, vectorise(SPEC, columns).reshape(len(facts), 4))
    wanted = [[int(f is None or f[i] is None) for i in range(4)] for f in facts]
    assert result.status.tolist() == wanted


def test_a_fact_expires_after_its_ttl_and_is_unknown_before_its_time() -> None:
    """Exactly ttl old is still present, as in Feast's join; a later fact is not known yet. Neither leaks its value."""
    row = encode_row(SHORT, ["mid", 2, None, True], 1_000, 1_000)
    present, missing, expired = Status.PRESENT, Status.MISSING, Status.EXPIRED
    result = evaluate_facts(SHORT, [row, None], 1_100)
    assert result.status.tolist() == [[present, present, missing, present], [missing] * 4]
    assert result.values[0, :2].tolist() == [1.0, 2.0]
    later = evaluate_facts(SHORT, [row], 1_101)
    assert later.status.tolist() == [[expired, expired, missing, expired]]
    assert np.isnan(later.values).all()
    before = evaluate_facts(SHORT, [row], 999)
    assert before.status.tolist() == [[missing] * 4]
    assert np.isnan(before.values).all()
    assert evaluate_facts(PLAN, [row], 10**15).status.tolist() == [[present, present, missing, present]]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (["huge", 1, 1.0, True], "categories: low, mid"),
        ([1, 1, 1.0, True], "categories"),
        (["low", 1.5, 1.0, True], "whole number"),
        (["low", 2**63, 1.0, True], "64-bit"),
        (["low", True, 1.0, True], "whole number"),
        (["low", 1, "x", True], "not a number"),
        (["low", 1, 1.0, 1], "neither true nor false"),
        (["low", 1], "2 values"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_naming_its_field(values: list[Any], sentence: str) -> None:
    """What cannot be encoded never reaches the store."""
    with pytest.raises(InputInvalid, match=sentence):
        encode_row(PLAN, values, 0, 0)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=120))
def test_random_bytes_are_damage_not_a_crash(row: bytes) -> None:
    """For reading and for decoding."""
    with pytest.raises(RowDamaged):
        evaluate_facts(PLAN, [row], 0)
    with pytest.raises(RowDamaged):
        decode_row(PLAN, row)


def test_a_truncated_fact_is_damaged_and_a_foreign_one_is_missing() -> None:
    """Length and fingerprint are both looked at."""
    row = encode_row(PLAN, ["low", 1, 1.0, True], 5, 5)
    for end in range(len(row)):
        with pytest.raises(RowDamaged):
            evaluate_facts(PLAN, [row, row[:end]], 10)
    other = compile_view(view_spec("profile", "row", [("kids", "int64", {})]))
    assert evaluate_facts(other, [row], 10).status.tolist() == [[1]]
    assert decode_row(other, row) is None


def test_vectors_of_a_frame_take_numbers_as_they_are_and_odd_text_as_missing() -> None:
    """Integers widened by nulls, numpy columns, unknown categories, NaN."""
    matrix = vectorise(
        SPEC,
        {
            "band": np.array(["höch", "other", None], dtype=object),
            "kids": np.array([1.0, math.nan, 3.0]),
            "ratio": [None, 0.5, float("nan")],
            "member": np.array([True, None, False], dtype=object),
            "extra": [0, 0, 0],
        },
    )
    np.testing.assert_array_equal(matrix, [[2, 1, np.nan, 1], [np.nan, np.nan, 0.5, np.nan], [np.nan, 3, np.nan, 0]])
