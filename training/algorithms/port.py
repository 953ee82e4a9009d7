"""What an algorithm is to the lab. One file each beside this one; `find_algorithms` finds its `ALGORITHM`.

Algorithms see *prepared* rows: float64 [n, d], finite unless `reads_missing`. The lab prepares them, chooses the
number of segments, calibrates, names and judges; an algorithm fits, answers with its own library, and says how
`strata.runtime` answers the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from strata.runtime.manifest import ScoreMeaning
from training.rows import Answers, Floats
from training.sections import ClusterSection, LabelSection

Labels = NDArray[np.int8]
"""Class of each row: 0 or 1, or the class's position where there are more than two."""


@dataclass(frozen=True)
class Exported:
    """A model of `strata.runtime` that reads prepared rows: its part of the manifest, and its files."""

    model: dict[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict)


class Clusters(Protocol):
    """Clusters of prepared rows, still with the library that found them."""

    score_meaning: ScoreMeaning

    @property
    def labels(self) -> NDArray[np.int32]:
        """[n] cluster of each row it was fitted on."""
        ...

    @property
    def count(self) -> int:
        """Clusters, noise among them."""
        ...

    @property
    def noise(self) -> int | None:
        """Which of them holds the rows that belong nowhere; None where each row belongs somewhere."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """Sentences for the evaluation: what was done differently because of these rows."""
        ...

    def assign(self, values: Floats) -> Answers:
        """Cluster and score, [n] each, by the library itself or by the rule the algorithm documents for new rows."""
        ...

    def export(self, order: Sequence[int]) -> Exported:
        """`order[i]` is the position in the vocabulary of cluster i."""
        ...


class ClusterAlgorithm(Protocol):
    """Finds clusters."""

    kind: ClassVar[str]
    section: ClassVar[type[ClusterSection]]
    """Its keys in a segmenter's file."""
    chooses_count: ClassVar[bool]
    """True when the data decide how many clusters there are, and `count` is not read."""

    def fit(self, values: Floats, section: Any, *, count: int, seed: int) -> Clusters:
        """Deterministic by seed. Raises InputInvalid when the rows do not carry so many clusters."""
        ...


class Scorer(Protocol):
    """A fitted supervised model, still with the library that trained it."""

    classes: int
    scalable: ClassVar[bool]
    """Whether probabilities come of sums, which `adjusted` may scale."""

    def raw(self, values: Floats) -> Floats:
        """[n] for two classes: any scale that ranks, log-odds where the model has them. [n, classes] for more:
        probabilities that add up to 1."""
        ...

    def adjusted(self, scale: float, shifts: Sequence[float]) -> Scorer:
        """More than two classes: the model whose probabilities are softmax(scale * log p + shifts) of this one's.

        `scale` is 1 where `scalable` is False.
        """
        ...

    def export(self) -> Exported:
        """A model whose `raw` the lab calibrates and cuts: its document has a `format`, not yet `calibration`,
        `thresholds` and `bands` (two classes) or `classes` (more), which the lab adds."""
        ...

    def contributions(self, values: Floats) -> Floats | None:
        """SHAP values of `raw`, [n, d + 1], the last column the expected value (two classes); None: there are none."""
        ...


class LabelAlgorithm(Protocol):
    """Learns labels."""

    kind: ClassVar[str]
    section: ClassVar[type[LabelSection]]
    """Its keys in a segmenter's file."""
    reads_missing: ClassVar[bool]
    """Whether NaN may be left in prepared rows."""

    def fit(
        self, values: Floats, labels: Labels, weights: Floats | None, section: Any, *, classes: int, seed: int
    ) -> Scorer:
        """Deterministic by seed, on one thread. `weights`: [n], or None for equal ones."""
        ...
