"""What every step of a preparation does.

A row is a list of slots: the raw features first, then what each step in turn appends. A step reads slots before its
own. It has two ways, for columns of many rows and for the plain numbers of one, and both give the same bits: every
operation is one correctly rounded one, in the same order, or the C library's own function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from strata.runtime.prepare.fields import Fields

Floats = NDArray[np.float64]


class Step(Protocol):
    """Frozen; safe for any number of threads."""

    kind: ClassVar[str]
    """Its name in a document."""

    def columns(self, slots: Sequence[Floats]) -> list[Floats]:
        """Columns [n] of the slots before -> the columns [n] it appends. Changes none of them."""
        ...

    def extend_row(self, slots: list[float]) -> None:
        """The same for one row: appends to the slots before."""
        ...

    def may_miss(self, slots: Sequence[bool]) -> list[bool]:
        """Per slot it appends: whether it can be NaN, given which of the slots before can."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Its part of a document: `kind` and its fields."""
        ...

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """From its part of a document. Raises PackageInvalid."""
        ...
