"""What looks on while a worker answers, beyond the fixed numbers: callers, missing values, traces."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from serving.adapters.traced_features import TracedFeatures
from serving.adapters.traced_segmenter import TracedSegmenter
from serving.adapters.untraced_answers import UntracedAnswers
from serving.metrics.callers import Callers, open_caller_errors, open_callers
from serving.metrics.missing import SampledMissing, open_missing
from serving.metrics.named_numbers import NamedNumbers
from serving.metrics.seen_files import CALLER_ERRORS, CALLERS, MISSING, beside
from serving.ports import AnswerMeter, FeatureSource, Segmenter, SingleAnswers
from serving.servicers.guard import Guard
from serving.servicers.guarded import UNCOUNTED
from strata.tracing import Tracing

CLOSE_S: Final = 1.0
_log = logging.getLogger("strata.gateway")


@dataclass(frozen=True)
class Observers:
    """Stands around the parts of a gateway; one made of nothing changes nothing."""

    callers: Callers | None = None
    missing: NamedNumbers | None = None
    tracing: Tracing | None = None

    def features(self, inner: FeatureSource) -> FeatureSource:
        """Where features are read."""
        return inner if self.tracing is None else TracedFeatures(inner, self.tracing)

    def segmenter(self, inner: Segmenter) -> Segmenter:
        """Who scores."""
        return inner if self.tracing is None else TracedSegmenter(inner, self.tracing)

    def quick(self, inner: SingleAnswers) -> SingleAnswers:
        """Who answers in one step."""
        return inner if self.tracing is None else UntracedAnswers(inner, self.tracing)

    def meter(self, inner: AnswerMeter) -> AnswerMeter:
        """What counts answers."""
        return inner if self.missing is None else SampledMissing(inner, self.missing)

    def guard(self) -> Guard:
        """What wraps methods."""
        return Guard(UNCOUNTED if self.callers is None else self.callers, self.tracing)

    def close(self) -> None:
        """Send the traces that are left."""
        if self.tracing is not None:
            self.tracing.close(CLOSE_S)


NOBODY: Final = Observers()


def open_observers(numbers: Path, tracing: Tracing | None) -> Observers:
    """Those of the worker that counts in `numbers`."""
    callers, missing = open_callers(beside(numbers, CALLERS)), open_missing(beside(numbers, MISSING))
    errors = open_caller_errors(beside(numbers, CALLER_ERRORS))
    if not (callers.shared and errors.shared and missing.shared):
        _log.warning("no room for numbers: callers or missing values of this worker are not on the page")
    return Observers(Callers(callers, errors), missing, tracing)
