"""What a preparation is fitted with: the rows, what is declared, and the steps so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from strata.errors import DefinitionInvalid
from strata.runtime.prepare import Fill, Range
from training.algorithms.port import Labels
from training.definition import Preparation
from training.prepare.built import Built
from training.prepare.cleaning import Cleaned, Limits, allowed
from training.prepare.fills import median_fill
from training.prepare.settled import Scaling
from training.rows import FeatureSchema
from training.sections import Axis


@dataclass(frozen=True)
class Column:
    """One prepared column."""

    slot: int
    name: str
    nominal: str = ""
    """Columns with the same word here are one category together; empty for a quantity."""


@dataclass(frozen=True)
class Learning:
    """Fitting reads this and adds to `built`."""

    schema: FeatureSchema
    preparation: Preparation
    scaling: Scaling
    axes: Mapping[str, Axis]
    """Of each feature, under the scaling by axes."""
    quantiles: int
    cleaned: Cleaned
    labels: Labels | None
    folds: NDArray[np.intp]
    seed: int
    built: Built
    _slots: dict[tuple[int, str], int] = field(default_factory=dict)

    def position(self, key: str) -> int:
        """Of `view:feature` among the raw features."""
        return self.schema.keys.index(key)

    def weight(self, i: int) -> float:
        """By how much a feature's columns are multiplied."""
        return self.preparation.weights.get(self.schema.keys[i], 1.0)

    def guarded(self, i: int, *, finite: bool = False) -> int:
        """The slot of a raw feature, missing where it is not what it may be; `finite`: where it is infinite, too."""
        if i not in self.cleaned.guarded and not finite:
            return i
        limits = self.cleaned.guarded.get(i) or self._allowed[i]
        return self._once(i, "guarded", lambda: self.built.add(Range(i, limits.low, limits.high)))

    def filled(self, i: int, value: float | None = None) -> int:
        """The slot of a number, finite and never missing: with the median, or with `value`."""
        source = self.guarded(i, finite=True)
        wanted = median_fill(self.built.columns[source]) if value is None else value
        return self._once(i, f"filled with {wanted}", lambda: self.built.add(Fill(source, wanted)))

    def known_labels(self, reader: str) -> Labels:
        """Raises DefinitionInvalid where there are none."""
        if self.labels is None:
            raise DefinitionInvalid(f"{reader} is learned from labels, which clusters do not have")
        return self.labels

    def _once(self, i: int, what: str, add: Callable[[], int]) -> int:
        if (i, what) not in self._slots:
            self._slots[i, what] = add()
        return self._slots[i, what]

    @cached_property
    def _allowed(self) -> list[Limits]:
        return allowed(self.preparation, self.schema)

    @cached_property
    def classes(self) -> int:
        """How many."""
        return 2 if self.labels is None else max(2, int(self.labels.max(initial=0)) + 1)
