"""Steps from one number to another. What is missing stays missing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from ctypes import c_float
from dataclasses import dataclass
from functools import cached_property
from math import isnan
from typing import Any, ClassVar, Self

import numpy as np

from strata.runtime.kmeans import FeatureScale
from strata.runtime.numbers import check_line
from strata.runtime.prepare.fields import Fields
from strata.runtime.prepare.step import Floats

_NAN = float("nan")


@dataclass(frozen=True)
class Scale:
    """`(x - offset) * factor`: min-max, z-score and robust scales, and a feature's weight."""

    kind: ClassVar[str] = "scale"
    input: int
    offset: float
    factor: float

    def columns(self, slots: Sequence[Floats]) -> list[Floats]:
        return [(slots[self.input] - self.offset) * self.factor]

    def extend_row(self, slots: list[float]) -> None:
        slots.append((slots[self.input] - self.offset) * self.factor)

    def may_miss(self, slots: Sequence[bool]) -> list[bool]:
        return [slots[self.input]]

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "input": self.input, "offset": self.offset, "factor": self.factor}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.slot("input"), fields.number("offset"), fields.number("factor"))


@dataclass(frozen=True)
class Knots:
    """A line through points, flat outside them: see `FeatureScale`."""

    kind: ClassVar[str] = "knots"
    input: int
    knots: Floats
    """Ascending."""
    levels: Floats

    def columns(self, slots: Sequence[Floats]) -> list[Floats]:
        return [self._line.apply(slots[self.input])]

    def extend_row(self, slots: list[float]) -> None:
        value = slots[self.input]
        slots.append(_NAN if isnan(value) else self._line.apply_one(value))

    def may_miss(self, slots: Sequence[bool]) -> list[bool]:
        return [slots[self.input]]

    def to_json(self) -> dict[str, Any]:
        points = {"knots": self.knots.tolist(), "levels": self.levels.tolist()}
        return {"kind": self.kind, "input": self.input, **points}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        knots = fields.vector("knots")
        levels = fields.vector("levels", length=knots.size)
        check_line(knots, levels, f"{fields.where}: knots")
        return cls(fields.slot("input"), knots, levels)

    @cached_property
    def _line(self) -> FeatureScale:
        return FeatureScale(_NAN, self.knots, self.levels)


@dataclass(frozen=True)
class Bins:
    """`values[i]` where `edges[i-1] < x <= edges[i]`: scores by quantiles."""

    kind: ClassVar[str] = "bins"
    input: int
    edges: Floats
    """Ascending; none of them makes a constant."""
    values: Floats
    """One more than edges, from the lowest x to the highest."""

    def columns(self, slots: Sequence[Floats]) -> list[Floats]:
        column = slots[self.input]
        found = self.values[self.edges.searchsorted(column, side="left")]
        return [np.where(np.isnan(column), np.nan, found)]

    def extend_row(self, slots: list[float]) -> None:
        value = slots[self.input]
        edges, values = self._lists
        slots.append(_NAN if isnan(value) else values[bisect_left(edges, value)])

    def may_miss(self, slots: Sequence[bool]) -> list[bool]:
        return [slots[self.input]]

    def to_json(self) -> dict[str, Any]:
        steps = {"edges": self.edges.tolist(), "values": self.values.tolist()}
        return {"kind": self.kind, "input": self.input, **steps}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        edges = np.zeros(0) if fields.empty("edges") else fields.ascending("edges")
        return cls(fields.slot("input"), edges, fields.vector("values", length=edges.size + 1))

    @cached_property
    def _lists(self) -> tuple[list[float], list[float]]:
        return self.edges.tolist(), self.values.tolist()


@dataclass(frozen=True)
class Single:
    """The nearest number of single precision: what a library that computes in float32 reads."""

    kind: ClassVar[str] = "single"
    input: int

    def columns(self, slots: Sequence[Floats]) -> list[Floats]:
        with np.errstate(over="ignore"):
            return [slots[self.input].astype(np.float32).astype(np.float64)]

    def extend_row(self, slots: list[float]) -> None:
        slots.append(c_float(slots[self.input]).value)

    def may_miss(self, slots: Sequence[bool]) -> list[bool]:
        return [slots[self.input]]

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "input": self.input}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.slot("input"))
