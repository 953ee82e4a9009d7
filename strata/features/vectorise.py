"""Columns of python values to the float64 matrix a segmenter reads: the rule training shares with serving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from strata.features.spec import FieldSpec, ViewSpec


def vectorise(spec: ViewSpec, columns: Mapping[str, Sequence[Any]]) -> npt.NDArray[np.float64]:
    """float64 [n, f] in field order; columns by name, extra ones ignored.

    Numbers as they are, bool as 0 or 1, a category as its index, None and NaN as NaN. A string outside the declared
    categories is NaN: history may hold what the definition no longer names. Raises KeyError for a missing column.

    >>> from strata.features.spec import view_spec
    >>> spec = view_spec("profile", "row", [("band", "string", {"strata.categories": '["low","high"]'})])
    >>> vectorise(spec, {"band": ["high", None, "other"]}).ravel().tolist()
    [1.0, nan, nan]
    """
    vectors = [vectorise_column(field, columns[field.name]) for field in spec.fields]
    return np.column_stack(vectors) if vectors else np.empty((0, 0))


def vectorise_column(field: FieldSpec, column: Sequence[Any]) -> npt.NDArray[np.float64]:
    """One field's values as float64 [n]."""
    if field.dtype == "string":
        index = {category: float(i) for i, category in enumerate(field.categories)}
        return np.array([index.get(v, np.nan) if isinstance(v, str) else np.nan for v in column], dtype=np.float64)
    array = np.asarray(column)
    if array.dtype.kind in "biuf":
        return array.astype(np.float64)
    return np.array([np.nan if _is_null(v) else float(v) for v in column], dtype=np.float64)


def _is_null(value: Any) -> bool:
    # pandas' NA refuses to be compared with itself; None, NaN and NaT do not equal themselves
    return value is None or type(value).__name__ in ("NAType", "NaTType")
