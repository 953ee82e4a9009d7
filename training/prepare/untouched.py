"""No preparation: trees read raw features, missing ones too."""

from __future__ import annotations

from dataclasses import dataclass

from training.algorithms.port import Exported
from training.rows import Floats


@dataclass(frozen=True)
class Untouched:
    """See `FittedPreparation`."""

    names: tuple[str, ...]

    def apply(self, values: Floats) -> Floats:
        return values

    def wrap(self, exported: Exported) -> Exported:
        return exported
