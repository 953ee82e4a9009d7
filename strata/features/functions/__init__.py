"""The aggregate functions: each lowers a definition to a formula over partials kept per tile.

One file per family. A new function is one entry in a family's `LOWERINGS`, plus a new kind of partial if the
existing ones cannot carry it (`partials.py`).
"""

from __future__ import annotations

from typing import Final

from strata.features.definition import WindowDefinition
from strata.features.functions import additive, distinct, extremes, latest, recent, sessions
from strata.features.functions.partials import Formula, Lowering

FUNCTIONS: Final[dict[str, Lowering]] = {
    **additive.LOWERINGS,
    **extremes.LOWERINGS,
    **latest.LOWERINGS,
    **distinct.LOWERINGS,
    **sessions.LOWERINGS,
    **recent.LOWERINGS,
}


def lower(definition: WindowDefinition) -> Formula:
    """The formula of one feature."""
    return FUNCTIONS[definition.fn](definition)
