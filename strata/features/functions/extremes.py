"""minimum and maximum: present where at least one value was seen."""

from __future__ import annotations

from typing import Final

from strata.features.definition import WindowDefinition
from strata.features.functions.partials import Formula, Lowering, Partial, PartialKind


def _extreme(kind: PartialKind) -> Lowering:
    def lowering(definition: WindowDefinition) -> Formula:
        seen = Partial(PartialKind.COUNT, definition.of, definition.where)
        return Formula(Partial(kind, definition.of, definition.where), presence=seen, scale=definition.scale)

    return lowering


LOWERINGS: Final[dict[str, Lowering]] = {
    "minimum": _extreme(PartialKind.LEAST),
    "maximum": _extreme(PartialKind.GREATEST),
}
