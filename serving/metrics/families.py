"""Which numbers are kept. Every worker and the supervisor build the same list, so positions are the meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

METHODS: Final = (
    "GetSegments", "BatchGetSegments", "ListSegmenters", "GetSegmenter", "WatchSegments",
    "GetRelease", "ListReleases", "Promote", "SetCanary", "SetShadow", "RollBack", "PublishEvents", "StreamEvents",
)  # fmt: skip
STAGES: Final = ("features", "score", "reply")
CODES: Final = (
    "OK", "CANCELLED", "INVALID_ARGUMENT", "NOT_FOUND", "DEADLINE_EXCEEDED", "FAILED_PRECONDITION",
    "RESOURCE_EXHAUSTED", "UNAVAILABLE", "INTERNAL", "ABORTED", "UNKNOWN",
)  # fmt: skip
SOURCES: Final = ("live", "last_known", "fallback")
DEGRADATIONS: Final = (
    "none", "unknown_user", "features_unavailable", "segmenter_unavailable", "segmenter_timeout",
)  # fmt: skip
LOG_OUTCOMES: Final = ("written", "dropped_full_queue", "dropped_write_error")
# From 100 us, about a factor of 2 apart: an embedded call is a few hundred us, a deadline a second.
SECONDS: Final = (
    0.0001, 0.0002, 0.0003, 0.0005, 0.00075, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2,
    0.5, 1.0, 2.0,
)  # fmt: skip
SHADOW_OUTCOMES: Final = ("agreed", "disagreed", "dropped", "failed")
REFUSAL_CAUSES: Final = ("deadline", "in_flight", "batch_share")
PROBE_OUTCOMES: Final = ("answered", "refused")
CAUSES: Final = ("initial", "event", "time", "release")
AGES: Final = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0, 604800.0, 2592000.0)

Labels = tuple[str, ...]


@dataclass(frozen=True)
class Family:
    """One metric: its name, what it tells, its label names and every combination of their values."""

    name: str
    help: str
    label_names: Labels
    series: tuple[Labels, ...]
    bounds: tuple[float, ...] = ()
    """A histogram's upper bounds; none for a counter. It keeps len(bounds) + 1 counts and a sum."""
    gauge: bool = False
    """A present value, added up over workers."""

    @property
    def width(self) -> int:
        """How many numbers one series takes."""
        return len(self.bounds) + 2 if self.bounds else 1


def families() -> tuple[Family, ...]:
    """Every family of a gateway, whatever it serves."""
    stages = tuple((method, stage) for method in METHODS[:2] for stage in STAGES)
    return (
        Family("strata_request_seconds", "Time in a method's handler.", ("method",),
               tuple((method,) for method in METHODS), SECONDS),
        Family("strata_stage_seconds", "Time of a call by stage; score is counted once per segmenter.",
               ("method", "stage"), stages, SECONDS),
        Family("strata_requests", "Calls ended, by status code.", ("method", "code"),
               tuple((method, code) for method in METHODS for code in CODES)),
        Family("strata_watch_changes", "Changes told to watchers, by what had them looked at.", ("cause",),
               tuple((cause,) for cause in CAUSES)),
        Family("strata_admission_refused", "Calls refused before they began, by why.", ("method", "cause"),
               tuple((method, cause) for method in METHODS[:2] for cause in REFUSAL_CAUSES)),
        Family("strata_admission_limit", "Calls that may be under way together.", (), ((),), gauge=True),
        Family("strata_admission_in_flight", "Calls under way, a batch by its users.", (), ((),), gauge=True),
        Family("strata_queue_seconds", "How long a call of the worker's own waited.", (), ((),), SECONDS),
        Family("strata_queue_probes", "Such calls; refused ones met a full queue.", ("outcome",),
               tuple((outcome,) for outcome in PROBE_OUTCOMES)),
        Family("strata_prediction_log_rows", "Rows of the prediction log, by what became of them.", ("outcome",),
               tuple((outcome,) for outcome in LOG_OUTCOMES)),
    )  # fmt: skip


def version_families(name: str, version: str) -> tuple[Family, ...]:
    """Every family about one version of one segmenter: versions come and go while a gateway runs."""
    return (
        Family("strata_assignments", "Assignments given.", ("segmenter", "version", "source", "degradation"),
               tuple(_assignments(name, version))),
        Family("strata_feature_age_seconds", "How old the feature state was; once per call and segmenter.",
               ("segmenter", "version"), ((name, version),), AGES),
        Family("strata_score_seconds", "Time to have a version score, where it was asked by itself.",
               ("method", "segmenter", "version"), tuple((method, name, version) for method in METHODS[:2]), SECONDS),
        Family("strata_shadow_scores", "Users scored by a shadow version, beside the answer they were given.",
               ("segmenter", "version", "outcome"), tuple((name, version, each) for each in SHADOW_OUTCOMES)),
        Family("strata_shadow_seconds", "CPU seconds a worker spent on a shadow version.", ("segmenter", "version"),
               ((name, version),)),
    )  # fmt: skip


def _assignments(name: str, version: str) -> Iterator[Labels]:
    yield name, version, "live", "none"
    for source in SOURCES[1:]:
        for degradation in DEGRADATIONS[1:]:
            yield name, version, source, degradation
