"""Steps about values that are missing, or should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, ClassVar, Self

import numpy as np

from strata.errors import PackageInvalid
from strata.runtime.prepare.fields import Fields
from strata.runtime.prepare.step import Floats
from strata.runtime.prepare.sums import weighted_sum, weighted_sum_one

_NAN = float("nan")


@dataclass(frozen=True)
class Range:
    """Outside [low, high] a value is missing; None sets no limit."""

    kind: ClassVar[str] = "range"
    input: int
    low: float | None
    high: float | None

    def columns(self, slots: Sequence[Floats]) -> list[Floats]:
        column = slots[self.input]
        outside = np.zeros(len(column), dtype=bool)
        if self.low is not None:
            outside |= column < self.low
        if self.high is not None:
            outside |= column > self.high
        return [np.where(outside, np.nan, column)]

    def extend_row(self, slots: list[float]) -> None:
        value, low, high = slots[self.input], self.low, self.high
        outside = (low is not None and value < low) or (high is not None and value > high)
        slots.append(_NAN if outside else value)

    def may_miss(self, slots: Sequence[bool]) -> list[bool]:
        return [True]

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "input": self.input, "low": self.low, "high": self.high}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        found = cls(fields.slot("input"), fields.limit("low"), fields.limit("high"))
        if found.low is not None and found.high is not None and found.low > found.high:
            raise PackageInvalid(f"{fields.where}: low is above high")
        return found


@dataclass(frozen=True)
class Indicator:
    """1 where a value is missing, else 0."""

    kind: ClassVar[str] = "indicator"
    input: int

    def columns(self, slots: Sequence[Floats]) -> list[Floats]:
        return [np.isnan(slots[self.input]).astype(np.float64)]

    def extend_row(self, slots: list[float]) -> None:
        value = slots[self.input]
        slots.append(1.0 if isnan(value) else 0.0)

    def may_miss(self, slots: Sequence[bool]) -> list[bool]:
        return [False]

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "input": self.input}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.slot("input"))


@dataclass(frozen=True)
class Fill:
    """`value` where it is missing."""

    kind: ClassVar[str] = "fill"
    input: int
    value: float

    def columns(self, slots: Sequence[Floats]) -> list[Floats]:
        column = slots[self.input]
        return [np.where(np.isnan(column), self.value, column)]

    def extend_row(self, slots: list[float]) -> None:
        value = slots[self.input]
        slots.append(self.value if isnan(value) else value)

    def may_miss(self, slots: Sequence[bool]) -> list[bool]:
        return [False]

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "input": self.input, "value": self.value}

    @classmethod
    def read(cls, fields: Fields) -> Self:
        return cls(fields.slot("input"), fields.number("value"))


@dataclass(frozen=True)
class FillLinear:
    """Where it is missing, a linear prediction from slots that never are, kept within [low, high]."""

    kind: ClassVar[str] = "fill_linear"
    input: int
    inputs: tuple[int, ...]
    weights: tuple[float, ...]
    intercept: float
    low: float
    high: float

    def columns(self, slots: Sequence[Floats]) -> list[Floats]:
        column = slots[self.input]
        found = weighted_sum(slots, self.inputs, self.weights, self.intercept)
        found = np.where(found < self.low, self.low, found)  # numpy's clip may give either zero of -0 and 0
        found = np.where(found > self.high, self.high, found)
        return [np.where(np.isnan(column), found, column)]

    def extend_row(self, slots: list[float]) -> None:
        value = slots[self.input]
        if isnan(value):
            value = weighted_sum_one(slots, self.inputs, self.weights, self.intercept)
            if value < self.low:
                value = self.low
            elif value > self.high:
                value = self.high
        slots.append(value)

    def may_miss(self, slots: Sequence[bool]) -> list[bool]:
        return [False]

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "input": self.input,
            "inputs": list(self.inputs),
            "weights": list(self.weights),
            "intercept": self.intercept,
            "low": self.low,
            "high": self.high,
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        inputs = fields.filled_slots("inputs")
        weights = tuple(fields.vector("weights", length=len(inputs)).tolist())
        low, high = fields.number("low"), fields.number("high")
        if low > high:
            raise PackageInvalid(f"{fields.where}: low is above high")
        return cls(fields.slot("input"), inputs, weights, fields.number("intercept"), low, high)
