"""distinct: the exact number of different ids, by a 64-bit hash of each."""

from __future__ import annotations

from typing import Final

from strata.features.definition import WindowDefinition
from strata.features.functions.partials import Formula, Lowering, Partial, PartialKind


def _distinct(definition: WindowDefinition) -> Formula:
    return Formula(Partial(PartialKind.IDS, definition.of, definition.where), scale=definition.scale)


LOWERINGS: Final[dict[str, Lowering]] = {"distinct": _distinct}
