"""count, total, mean and share: sums over tiles, divided once."""

from __future__ import annotations

from typing import Final

from strata.features.conditions import Conjunction
from strata.features.definition import EVENT, WindowDefinition
from strata.features.functions.partials import Formula, Lowering, Partial, PartialKind


def _count(definition: WindowDefinition) -> Formula:
    return Formula(Partial(PartialKind.COUNT, definition.of, definition.where), scale=definition.scale)


def _total(definition: WindowDefinition) -> Formula:
    return Formula(Partial(PartialKind.TOTAL, definition.of, definition.where), scale=definition.scale)


def _mean(definition: WindowDefinition) -> Formula:
    if definition.per is None:
        number = Partial(PartialKind.COUNT, definition.of, definition.where)
    else:
        number = Partial(PartialKind.IDS, definition.per, definition.where)
    total = Partial(PartialKind.TOTAL, definition.of, definition.where)
    return Formula(total, denominator=number, presence=number, scale=definition.scale)


def _share(definition: WindowDefinition) -> Formula:
    def sum_over(where: Conjunction) -> Partial:
        kind = PartialKind.COUNT if definition.of == EVENT else PartialKind.TOTAL
        return Partial(kind, definition.of, where)

    whole = sum_over(definition.base or ())
    return Formula(sum_over(definition.where), denominator=whole, presence=whole, scale=definition.scale)


LOWERINGS: Final[dict[str, Lowering]] = {"count": _count, "total": _total, "mean": _mean, "share": _share}
