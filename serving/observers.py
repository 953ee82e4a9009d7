"""What looks on while a worker answers, beyond the fixed numbers: callers and missing values."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from serving.metrics.callers import Callers, open_callers
from serving.metrics.missing import SampledMissing, open_missing
from serving.metrics.named_numbers import NamedNumbers
from serving.metrics.seen_files import CALLERS, MISSING, beside
from serving.ports import AnswerMeter
from serving.servicers.guard import PLAIN, Guard


@dataclass(frozen=True)
class Observers:
    """Stands around the parts of a gateway; one made of nothing changes nothing."""

    callers: Callers | None = None
    missing: NamedNumbers | None = None

    def meter(self, inner: AnswerMeter) -> AnswerMeter:
        """What counts answers."""
        return inner if self.missing is None else SampledMissing(inner, self.missing)

    def guard(self) -> Guard:
        """What wraps methods."""
        return PLAIN if self.callers is None else Guard(self.callers.called)


NOBODY: Final = Observers()


def open_observers(numbers: Path) -> Observers:
    """Those of the worker that counts in `numbers`."""
    return Observers(Callers(open_callers(beside(numbers, CALLERS))), open_missing(beside(numbers, MISSING)))
