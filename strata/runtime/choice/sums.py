"""A forest's sums by another runtime than the kernel: what `Booster` gives, from one function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from strata.runtime.model import Floats


@dataclass(frozen=True)
class OtherSums:
    """See `strata.runtime.booster.TreeSums`. `by`: [n, f] C-ordered float64 -> [n, classes]; thread-safe."""

    by: Callable[[Floats], Floats]
    objective: str
    native: ClassVar[None] = None

    def raw(self, values: Floats) -> Floats:
        return self.by(values)[:, 0]

    def raw_one(self, row: Floats) -> float:
        return float(self.by(row[None, :])[0, 0])

    def sums(self, values: Floats) -> Floats:
        return self.by(values)

    def sums_one(self, row: Floats) -> list[float]:
        sums: list[float] = self.by(row[None, :])[0].tolist()
        return sums
