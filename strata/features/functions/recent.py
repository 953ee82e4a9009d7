"""recent_type, recent_item, recent_category and recent_gap: one slot of the newest events, 0 being the newest."""

from __future__ import annotations

from typing import Final

from strata.features.definition import SECOND_US, WindowDefinition
from strata.features.functions.partials import Formula, Lowering, Partial, PartialKind, Slot


def _slot(part: str) -> Lowering:
    def lowering(definition: WindowDefinition) -> Formula:
        place, types = definition.slot or 0, definition.types or ()

        def partial(there: bool) -> Partial:
            kept = str(definition.keep)
            return Partial(PartialKind.RECENT, kept, definition.where, Slot(part, place, types, there))

        gap = part == "gap"
        scale = definition.scale * (SECOND_US if gap else 1)
        return Formula(partial(False), presence=partial(True), scale=scale, age=gap and place == 0)

    return lowering


LOWERINGS: Final[dict[str, Lowering]] = {f"recent_{part}": _slot(part) for part in ("type", "item", "category", "gap")}
