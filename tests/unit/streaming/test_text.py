"""Columns as text."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from streaming.columns.text import to_text


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([17850, None]), ["17850", None]),
        (pa.array([17850.0, float("nan"), 2.5, None]), ["17850", None, "2.5", None]),
        (pa.array([" a ", "", "  ", None]), ["a", None, None, None]),
        (pa.array(["x", "y", "x"]).dictionary_encode(), ["x", "y", "x"]),
        (pa.array([b"ab", b"\xff"]), ["ab", "\N{REPLACEMENT CHARACTER}"]),
        (pa.array([True, None]), ["true", None]),
        (pa.array([Decimal("1.50")]), ["1.50"]),
        (pa.array(["x"], pa.large_string()), ["x"]),
        (pa.nulls(2), [None, None]),
        (pa.array([[1]]), [None]),
    ],
)
def test_text_of_any_column(column: pa.Array, expected: list[str | None]) -> None:
    """A value reads the same whatever column type it came in; blanks and NaN are missing."""
    found = to_text(column)
    assert found.type == pa.string()
    assert found.to_pylist() == expected
