"""Steps being put together. Each runs over the training rows as it is added: the next is fitted on what it made."""

from __future__ import annotations

from collections.abc import Sequence

from strata.runtime.prepare import Step
from training.rows import Floats


class Built:
    """Slots 0..f-1 are the raw features; each step appends its own."""

    def __init__(self, values: Floats) -> None:
        """[n, f], the training rows."""
        self.steps: list[Step] = []
        self.columns: list[Floats] = list(values.T)
        """[n] per slot, of the training rows: of a million rows, 8 MB a slot until the fit is over."""

    def add(self, step: Step, instead: Sequence[Floats] | None = None) -> int:
        """The first slot it appends. `instead`: its columns for the training rows, where those are not to be its own
        (it was fitted on their labels)."""
        first = len(self.columns)
        self.columns += step.columns(self.columns) if instead is None else instead
        self.steps.append(step)
        return first
