"""Steps in their order, and which slots a model reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from strata.runtime.prepare.step import Floats, Step

BLOCK: Final = 4096
"""Rows at a time: 200 slots of them are 6 MB, where a million rows at once would be 1.6 GB."""


@dataclass(frozen=True)
class Preparation:
    """See `Step` for slots. Safe for any number of threads."""

    feature_count: int
    steps: tuple[Step, ...]
    select: tuple[int, ...]
    """The slots a model reads, in its order."""

    def apply(self, values: Floats) -> Floats:
        """[n, f] raw, NaN missing -> [n, d] prepared, C-ordered. Never changes `values`."""
        out = np.empty((len(values), len(self.select)))
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(values), BLOCK):
                slots = list(np.ascontiguousarray(values[start : start + BLOCK].T, dtype=np.float64))
                for step in self.steps:
                    slots += step.columns(slots)
                for column, slot in enumerate(self.select):
                    out[start : start + BLOCK, column] = slots[slot]
        return out

    def apply_row(self, row: Floats) -> Floats:
        """The same for one row, [f] -> [d], to the last bit: plain numbers cost less than arrays of one."""
        slots: list[float] = row.tolist()
        for extend in self._ways:
            extend(slots)
        return np.array([slots[each] for each in self.select])

    def may_miss(self, never_missing: Iterable[int] = ()) -> list[bool]:
        """Per selected slot, whether it can be NaN; `never_missing` are raw features that have a default."""
        slots = raw_slots(self.feature_count, never_missing)
        for step in self.steps:
            slots += step.may_miss(slots)
        return [slots[each] for each in self.select]

    def to_json(self) -> dict[str, Any]:
        """`steps` and `select`, as `read_steps` reads them."""
        return {"steps": [step.to_json() for step in self.steps], "select": list(self.select)}

    @cached_property
    def _ways(self) -> Sequence[Any]:
        return [step.extend_row for step in self.steps]


def raw_slots(feature_count: int, never_missing: Iterable[int]) -> list[bool]:
    """Per raw feature, whether it can be missing."""
    defaulted = set(never_missing)
    return [position not in defaulted for position in range(feature_count)]
