"""The step from several numbers to one: an engagement score, or a propensity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, Self, cast

from strata.runtime.calibration import Platt
from strata.runtime.prepare.fields import Fields
from strata.runtime.prepare.step import Floats
from strata.runtime.prepare.sums import weighted_sum, weighted_sum_one

Link = Literal["identity", "logistic"]
_LOGISTIC: Final = Platt(slope=1.0, offset=0.0)


@dataclass(frozen=True)
class Weighted:
    """`intercept + sum of weight * input`, or the probability whose log-odds that is. Missing if any input is."""

    kind: ClassVar[str] = "weighted"
    inputs: tuple[int, ...]
    weights: tuple[float, ...]
    intercept: float
    link: Link = "identity"

    def columns(self, slots: Sequence[Floats]) -> list[Floats]:
        total = weighted_sum(slots, self.inputs, self.weights, self.intercept)
        return [_LOGISTIC.apply(total) if self.link == "logistic" else total]

    def extend_row(self, slots: list[float]) -> None:
        total = weighted_sum_one(slots, self.inputs, self.weights, self.intercept)
        slots.append(_LOGISTIC.apply_one(total) if self.link == "logistic" else total)

    def may_miss(self, slots: Sequence[bool]) -> list[bool]:
        return [any(slots[each] for each in self.inputs)]

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "inputs": list(self.inputs),
            "weights": list(self.weights),
            "intercept": self.intercept,
            "link": self.link,
        }

    @classmethod
    def read(cls, fields: Fields) -> Self:
        inputs = fields.slots("inputs")
        weights = tuple(fields.vector("weights", length=len(inputs)).tolist())
        link = cast(Link, fields.word("link", ("identity", "logistic")))
        return cls(inputs, weights, fields.number("intercept"), link)
