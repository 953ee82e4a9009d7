"""A view made ready to be read: what a row view's slots are, and what readers and folds need of a windowed one."""

from __future__ import annotations

from functools import cached_property
from struct import Struct
from typing import Final

import numpy as np
import numpy.typing as npt

from strata.features.spec import ViewSpec

LATENESS_US: Final = 7 * 86_400_000_000
"""H: events recorded later than this after they happened are refused, and ids are remembered as long."""
CACHE_SIZE: Final = 256
IndexArray = npt.NDArray[np.intp]


class Plan:
    """What the kernel's functions take. Make it with `compile_view`; immutable once made."""

    def __init__(self, spec: ViewSpec, ttl_us: int | None) -> None:
        self.spec = spec
        self.ttl_us = ttl_us or None
        self.fingerprint = int(spec.fingerprint, 16)
        self.width = len(spec.fields)

    @cached_property
    def hop_us(self) -> int:
        """Windowed views: the length of a tile."""
        return self.spec.hop_us

    @cached_property
    def float_fields(self) -> IndexArray:
        """Row views: the fields whose slot is a float."""
        return np.array([i for i, field in enumerate(self.spec.fields) if field.dtype == "float64"], dtype=np.intp)

    @cached_property
    def slots(self) -> Struct:
        """Row views: a row's slots."""
        return Struct("<" + "".join("d" if field.dtype == "float64" else "q" for field in self.spec.fields))

    @cached_property
    def category_index(self) -> tuple[dict[str, int], ...]:
        """Row views: per field, each declared category's index."""
        return tuple({c: i for i, c in enumerate(field.categories)} for field in self.spec.fields)


_plans: dict[tuple[ViewSpec, str, int | None], Plan] = {}


def compile_view(spec: ViewSpec, ttl_us: int | None = None) -> Plan:
    """Compile a view; the same view gives the same plan. `ttl_us` (None or 0: none) only counts for row views."""
    key = (spec, spec.fingerprint, ttl_us or None)
    plan = _plans.get(key)
    if plan is None:
        if len(_plans) >= CACHE_SIZE:
            _plans.clear()
        plan = _plans[key] = Plan(spec, ttl_us)
    return plan
