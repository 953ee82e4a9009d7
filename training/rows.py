"""What algorithms learn from, and what they give back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from strata.runtime import FeatureInput, SegmentEntry
from strata.runtime.manifest import ScoreMeaning
from training.judge.leaks.check import Check

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FeatureSchema:
    """The ordered features of one service, as the registry defines them now."""

    service: str
    features: tuple[FeatureInput, ...]
    view_fingerprints: Mapping[str, str]

    @property
    def keys(self) -> list[str]:
        """`view:feature`, in order."""
        return [feature.key for feature in self.features]


@dataclass(frozen=True)
class Part:
    """Rows of one role (train, validation, test): values [n, f] in original units, NaN missing.

    Labels are 0/1, or the position of a class where there are classes.
    """

    values: Floats
    labels: NDArray[np.int8]
    users: NDArray[Any] | None = None
    """[n] whose rows they are: user ids, or numbers of groups that belong together; None where nobody asked."""
    times_us: NDArray[np.int64] | None = None
    """[n] label instants; None where rows have none."""

    def chosen(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Part:
        """Some of the rows."""
        users = None if self.users is None else self.users[rows]
        times_us = None if self.times_us is None else self.times_us[rows]
        return Part(self.values[rows], self.labels[rows], users, times_us)


@dataclass(frozen=True)
class EarlierRows:
    """Users of today at an earlier instant at which they were known already."""

    as_of_us: int
    values: Floats
    """[m, f], features as they were then."""
    places: NDArray[np.intp]
    """[m] which row of `train` each user has today."""


@dataclass(frozen=True)
class TrainingRows:
    """One segmenter's rows, features read once. Unsupervised segmenters have only `train`, labels unused."""

    schema: FeatureSchema
    train: Part
    validation: Part | None = None
    test: Part | None = None
    leak_statement: str = ""
    checks: tuple[Check, ...] = ()
    """For leaks, of where the rows come from."""
    earlier: tuple[EarlierRows, ...] = ()
    """Of unsupervised segmenters that ask for it, from the latest back."""


@dataclass(frozen=True)
class Export:
    """What goes into a package: enough for strata.runtime to answer without a training library."""

    model: dict[str, Any]
    files: Mapping[str, bytes]
    vocabulary: tuple[SegmentEntry, ...]
    score_meaning: ScoreMeaning


@dataclass(frozen=True)
class Answers:
    """The training library's own answers, for the parity gate."""

    segment_indexes: NDArray[np.int32]
    scores: Floats


@dataclass(frozen=True)
class Evaluation:
    """How good a version is: numbers for the manifest, details for evaluation.json, and what the page draws."""

    metrics: dict[str, float]
    details: dict[str, Any]
    headline: list[str] = field(default_factory=list)
    """Sentences for the first screen."""


class Fitted(Protocol):
    """A trained segmenter, still with its training library."""

    def export(self) -> Export: ...

    def answers(self, values: Floats) -> Answers: ...

    def evaluate(self) -> Evaluation: ...
