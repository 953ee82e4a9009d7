"""A package's own way to score rows, and that it is one way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from strata.errors import StrataError
from strata.runtime import Package
from strata.runtime.model import Floats

Score = Callable[[Floats], object]


class Scored(Protocol):
    """What is measured: a name, rows [n, f], and ways to score them."""

    @property
    def name(self) -> str: ...

    @property
    def values(self) -> Floats: ...

    def engines(self, rows: int) -> Mapping[str, Score]:
        """By name, ways to score [rows, f]."""
        ...


def scored_by_package(package: Package, rows: int) -> Score:
    """As the gateway scores one row, or many."""
    return (lambda values: package.score_row(values[0])) if rows == 1 else package.score


def differences_of_one(package: Package, values: Floats) -> dict[str, bool]:
    """What is other when rows are scored one by one: the segments, the scores."""
    segments, scores = package.score(values)
    alone = [package.score_row(row) for row in values]
    return {
        "segments of lone rows": [index for index, _ in alone] != segments.tolist(),
        "scores of lone rows": not np.array_equal(np.array([score for _, score in alone], dtype=np.float32), scores),
    }


def require_one_as_many(name: str, package: Package, values: Floats) -> None:
    """Raises StrataError where a lone row is answered otherwise than among others."""
    if wrong := [what for what, differs in differences_of_one(package, values).items() if differs]:
        raise StrataError(f"{name}: other {', '.join(wrong)}; their costs are not comparable")
