"""From a model's raw score to a probability, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from strata.errors import PackageInvalid
from strata.runtime.numbers import check_line, read_vector

Floats = NDArray[np.float64]


class Calibration(Protocol):
    """Maps raw scores (log-odds, any range) to probabilities in [0, 1], never decreasing."""

    def apply(self, raw: Floats) -> Floats: ...

    def apply_one(self, raw: float) -> float:
        """The same for one score, to the last bit, without arrays around it."""
        ...

    def to_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Platt:
    """`1 / (1 + exp(-(slope * raw + offset)))` (Platt 1999): two numbers, keeps the order of scores.

    The exponential is the C library's everywhere, since the kernel has that one; numpy's may differ in the last bit.

    >>> float(Platt(slope=1.0, offset=0.0).apply(np.array([0.0]))[0])
    0.5
    """

    slope: float
    offset: float

    def apply(self, raw: Floats) -> Floats:
        # Past +-60 a probability is 0 or 1 to double precision; clipping keeps exp from overflowing.
        with np.errstate(over="ignore"):
            logits: Floats = np.clip(self.slope * raw + self.offset, -60.0, 60.0)
        return 1.0 / (1.0 + np.array([exp(-logit) for logit in logits.tolist()]))

    def apply_one(self, raw: float) -> float:
        logit = min(max(self.slope * raw + self.offset, -60.0), 60.0)
        return 1.0 / (1.0 + exp(-logit))

    def to_json(self) -> dict[str, Any]:
        return {"kind": "platt", "slope": self.slope, "offset": self.offset}


@dataclass(frozen=True)
class Isotonic:
    """A non-decreasing line through breakpoints, flat outside them; for plenty of calibration rows."""

    raw: Floats
    probability: Floats

    def apply(self, raw: Floats) -> Floats:
        return np.interp(raw, self.raw, self.probability)

    def apply_one(self, raw: float) -> float:
        return float(np.interp(raw, self.raw, self.probability))

    def to_json(self) -> dict[str, Any]:
        return {"kind": "isotonic", "raw": self.raw.tolist(), "probability": self.probability.tolist()}


def read_calibration(document: Any) -> Calibration:
    """Read what `to_json` wrote. Raises PackageInvalid."""
    kind = document.get("kind") if isinstance(document, dict) else None
    if kind == "platt":
        slope, offset = read_vector([document.get("slope"), document.get("offset")], "the calibration", length=2)
        if slope < 0:
            raise PackageInvalid("the calibration would turn the order of scores round (negative slope)")
        return Platt(float(slope), float(offset))
    if kind == "isotonic":
        raw = read_vector(document.get("raw"), "the calibration's breakpoints")
        probability = read_vector(document.get("probability"), "the calibration's probabilities", length=raw.size)
        check_line(raw, probability, "the calibration's breakpoints")
        if np.any(np.diff(probability) < 0):
            raise PackageInvalid("the calibration's probabilities are out of order")
        if probability.min() < 0 or probability.max() > 1:
            raise PackageInvalid("the calibration's probabilities leave [0, 1]")
        return Isotonic(raw, probability)
    raise PackageInvalid(f"the calibration kind {kind!r} is not known here (platt, isotonic)")
