"""Numbers and money."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from streaming.columns.numbers import to_cents, to_numbers


@given(st.decimals(-10_000, 10_000, places=4) | st.integers(-1999, 1999).map(lambda n: Decimal(n) * Decimal("0.005")))
@example(Decimal("8.575"))
def test_cents_are_rounded_half_even(amount: Decimal) -> None:
    """Cents are those of exact decimal arithmetic, rounded half to even; more decimals than cents are counted."""
    cents, rounded = to_cents(np.array([float(amount)]), 1.0)
    assert cents[0] == int((amount * 100).to_integral_value(ROUND_HALF_EVEN))
    assert rounded[0] == (amount * 100 != (amount * 100).to_integral_value())


def test_scale_is_the_value_of_a_unit() -> None:
    """Amounts in cents have scale 0.01."""
    assert to_cents(np.array([199.0]), 0.01)[0].tolist() == [199]


def test_text_numbers() -> None:
    """Plain decimals are numbers; words, grouping, hex, NaN and infinity are bad; blanks are missing."""
    written = [
        "1.50",
        " 2 ",
        "-.5",
        "+3",
        "1e2",
        "1,000",
        "0x10",
        "nan",
        "inf",
        "1e999",
        "1_0",
        "",
        None,
        "\N{ARABIC-INDIC DIGIT ONE}",
    ]
    found = to_numbers(pa.array(written))
    assert found.values[:5].tolist() == [1.5, 2.0, -0.5, 3.0, 100.0]
    assert found.bad.tolist() == [False] * 5 + [True] * 6 + [False] * 2 + [True]
    assert found.missing.tolist() == [False] * 11 + [True, True, False]


def test_not_finite_doubles_are_bad() -> None:
    """A NaN that a Parquet file holds is a fault; a null is a missing value."""
    found = to_numbers(pa.array([1.0, float("nan"), float("inf"), None]))
    assert found.bad.tolist() == [False, True, True, False]
    assert found.missing.tolist() == [False, False, False, True]
