"""Any source column as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa


def to_text(column: pa.Array) -> pa.Array:
    """A string array of the same length; surrounding blanks go, and blank, NaN and null become null.

    A whole number reads the same whether it came as an integer, a float (as pandas writes integers with gaps) or text.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_null(column.type) or pa.types.is_nested(column.type):
        return pa.nulls(len(column), pa.string())
    if pa.types.is_floating(column.type):
        return _float_text(column)
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        column = _decode(column)
    text = pc.cast(column, pa.string())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        text = pc.utf8_trim_whitespace(text)
        text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    return text


def text_or_blank(column: pa.Array) -> pa.Array:
    """As `to_text`, with "" for null."""
    import pyarrow.compute as pc

    return pc.fill_null(to_text(column), "")


def _float_text(column: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pc.fill_null(pc.cast(column, pa.float64()), np.nan).to_numpy(zero_copy_only=False)
    whole = (np.abs(numbers) < 2**53) & (numbers == np.floor(numbers))
    integers = pa.array(np.where(whole, numbers, 0).astype(np.int64), mask=~whole)
    plain = pc.cast(pa.array(numbers, mask=np.isnan(numbers) | whole), pa.string())
    return pc.coalesce(pc.cast(integers, pa.string()), plain)


def _decode(column: pa.Array) -> pa.Array:
    import pyarrow as pa

    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        values = [None if value is None else value.decode("utf-8", "replace") for value in column.to_pylist()]
        return pa.array(values, pa.string())
