"""last and recency: the newest value, and the days since the newest event."""

from __future__ import annotations

from typing import Final

from strata.features.definition import WindowDefinition
from strata.features.functions.partials import Formula, Lowering, Partial, PartialKind

DAY_US: Final = 86_400_000_000


def _last(definition: WindowDefinition) -> Formula:
    seen = Partial(PartialKind.COUNT, definition.of, definition.where)
    newest = Partial(PartialKind.LATEST, definition.of, definition.where)
    return Formula(newest, presence=seen, scale=definition.scale)


def _recency(definition: WindowDefinition) -> Formula:
    seen = Partial(PartialKind.COUNT, definition.of, definition.where)
    newest = Partial(PartialKind.MOMENT, definition.of, definition.where)
    return Formula(newest, presence=seen, scale=DAY_US * definition.scale, age=True)


LOWERINGS: Final[dict[str, Lowering]] = {"last": _last, "recency": _recency}
