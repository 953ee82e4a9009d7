"""What a fitted preparation does, whichever way it was declared."""

from __future__ import annotations

from typing import Protocol

from training.algorithms.port import Exported
from training.rows import Floats


class FittedPreparation(Protocol):
    """From raw rows to prepared rows, the same in training and in a package."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the prepared columns: `view:feature` for one that stands for a feature alone, else `view:feature=value`,
        `view:feature is missing`, or a derived one's name."""
        ...

    def apply(self, values: Floats) -> Floats:
        """[n, f] raw, service defaults filled in, NaN missing -> [n, d] prepared."""
        ...

    def wrap(self, exported: Exported) -> Exported:
        """The package's model around one that reads prepared rows."""
        ...
