"""The nearest of many kept points in numpy alone, point by point, where the kernel is the usual runtime."""

from __future__ import annotations

from functools import cached_property

from strata.runtime.neighbours import NeighboursModel


class PlainNeighbours(NeighboursModel):
    """The same without the kernel: what its search, box by box, is measured beside."""

    @cached_property
    def _native(self) -> None:
        return None
