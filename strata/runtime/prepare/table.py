"""The step from a category to numbers: one-hot, target and hashed encodings are all tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan
from typing import Any, ClassVar, Final, Self

import numpy as np

from strata.errors import PackageInvalid
from strata.runtime.prepare.fields import Fields
from strata.runtime.prepare.step import Floats

MOST_NUMBERS: Final = 2**22
"""In one table: 10,000 categories in 400 columns. As JSON it is some 20 MB, a second of loading."""


@dataclass(frozen=True)
class Table:
    """`rows[x]` where x is a position in it, `missing` where x is missing, `other` for any other number."""

    kind: ClassVar[str] = "table"
    input: int
    rows: Floats
    """[categories, m]"""
    missing: Floats
    """[m]"""
    other: Floats
    """[m]"""

    def columns(self, slots: Sequence[Floats]) -> list[Floats]:
        column, count = slots[self.input], len(self.rows)
        known = (column >= 0) & (column < count) & (column == np.floor(column))
        position = np.where(known, column, count).astype(np.intp)
        position[np.isnan(column)] = count + 1
        return list(self._stacked[:, position])

    def extend_row(self, slots: list[float]) -> None:
        rows, missing, other = self._lists
        value = slots[self.input]
        if isnan(value):
            slots += missing
        elif 0 <= value < len(rows) and value.is_integer():
            slots += rows[int(value)]
        else:
            slots += other

    def may_miss(self, slots: Sequence[bool]) -> list[bool]:
        return [False] * len(self.missing)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "input": self.input,
            "rows": self.rows.tolist(),
            "missing": self.missing.tolist(),
            "other": self.other.tolist(),
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        missing = fields.vector("missing")
        other = fields.vector("other", length=missing.size)
        rows = fields.matrix("rows", columns=missing.size)
        if rows.size > MOST_NUMBERS:
            raise PackageInvalid(
                f"{fields.where}: {len(rows)} rows of {missing.size} are more than {MOST_NUMBERS} numbers: "
                "encode them in fewer columns (target, or hashed into fewer buckets)"
            )
        return cls(fields.slot("input"), rows, missing, other)

    @cached_property
    def _stacked(self) -> Floats:
        """[m, categories + 2], the last two for other numbers and missing ones: columns come out contiguous."""
        return np.ascontiguousarray(np.vstack([self.rows, self.other, self.missing]).T)

    @cached_property
    def _lists(self) -> tuple[list[list[float]], list[float], list[float]]:
        return self.rows.tolist(), self.missing.tolist(), self.other.tolist()
