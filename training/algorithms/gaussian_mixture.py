"""A mixture of normal distributions, fitted by expectation-maximisation (Dempster et al. 1977).

A row belongs to the component with the largest posterior, which is its score.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from strata.runtime.manifest import ScoreMeaning
from training.algorithms._bounded import bounded_rows
from training.algorithms._filled import check_enough, check_filled
from training.algorithms.port import Exported
from training.rows import Answers, Floats
from training.sections import ClusterSection

FORMAT: Final = "mixture/1"
# A pass costs rows x components x columns squared; more rows than these move no parameter that matters.
MOST_ROWS = 200_000


class MixtureSection(ClusterSection):
    """Segments with a probability of belonging."""

    kind: Literal["gaussian_mixture"]
    covariance: Literal["full", "diag"] = "full"
    """`diag`: columns vary on their own within a segment; for many columns or few rows."""
    starts: int = Field(default=4, ge=1, le=1_000)
    regularisation: float = Field(default=1e-3, gt=0)
    """Added to each variance, so that equal rows or a constant column do not make one of none."""
    passes: int = Field(default=300, ge=1, le=100_000)


@dataclass(frozen=True)
class MixtureClusters:
    """See `Clusters`."""

    model: GaussianMixture
    labels: NDArray[np.int32]
    notes: tuple[str, ...]
    score_meaning: ClassVar[ScoreMeaning] = "posterior"
    noise: ClassVar[None] = None

    @property
    def count(self) -> int:
        return len(self.model.weights_)

    def assign(self, values: Floats) -> Answers:
        posterior = self.model.predict_proba(values)
        return Answers(posterior.argmax(axis=1).astype(np.int32), posterior.max(axis=1))

    def bic(self, values: Floats) -> float:
        """Bayesian information criterion (Schwarz 1978) on these rows; less is better."""
        return float(self.model.bic(values))

    def export(self, order: Sequence[int]) -> Exported:
        place = np.argsort(np.asarray(order))
        return Exported(
            {
                "format": FORMAT,
                "covariance": self.model.covariance_type,
                "means": self.model.means_[place].tolist(),
                "precisions_cholesky": self.model.precisions_cholesky_[place].tolist(),
                "weights": self.model.weights_[place].tolist(),
            }
        )


class MixtureAlgorithm:
    """See `ClusterAlgorithm`."""

    kind: ClassVar[str] = "gaussian_mixture"
    section: ClassVar[type[ClusterSection]] = MixtureSection
    chooses_count: ClassVar[bool] = False

    def fit(self, values: Floats, section: MixtureSection, *, count: int, seed: int) -> MixtureClusters:
        rows, notes = bounded_rows(values, MOST_ROWS, seed, "A mixture needs many passes over the rows")
        check_enough(rows, count)
        model = GaussianMixture(
            count, covariance_type=section.covariance, n_init=section.starts, reg_covar=section.regularisation,
            max_iter=section.passes, random_state=seed,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(rows)
        if not model.converged_:
            notes.append(f"The mixture of {count} had not settled after {section.passes} passes; raise passes.")
        found = MixtureClusters(model, np.zeros(0, dtype=np.int32), tuple(notes))
        labels = found.assign(values).segment_indexes
        check_filled(labels, count)
        return MixtureClusters(model, labels, tuple(notes))


ALGORITHM = MixtureAlgorithm()
