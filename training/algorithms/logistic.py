"""Logistic regression by scikit-learn, its weights kept small by L2, L1 or both (elastic net, Zou and Hastie 2005)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Literal

import numpy as np
from pydantic import Field
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from strata.errors import InputInvalid
from training.algorithms._classes import check_classes
from training.algorithms.port import Exported, Labels
from training.rows import Floats
from training.sections import LabelSection

FORMAT: Final = "linear/1"
CLASSES_FORMAT: Final = "linear-classes/1"


class LogisticSection(LabelSection):
    """A weight per prepared column; scale them (`prepare.scale`), since one penalty holds for all."""

    kind: Literal["logistic"]
    penalty: Literal["l2", "l1", "elastic"] = "l2"
    strength: float = Field(default=1.0, gt=0)
    """Of the penalty: scikit-learn's 1 / C."""
    l1_share: float = Field(default=0.5, ge=0, le=1)
    """Of `elastic`."""
    iterations: int = Field(default=1_000, ge=1, le=100_000)


@dataclass(frozen=True)
class LogisticScorer:
    """See `Scorer`. `raw` of two classes: log-odds."""

    model: LogisticRegression
    classes: int
    means: Floats
    """[d] of the rows it was fitted on."""
    scalable: ClassVar[bool] = True

    def raw(self, values: Floats) -> Floats:
        found: Floats = self.model.decision_function(values) if self.classes == 2 else self.model.predict_proba(values)
        return found

    def adjusted(self, scale: float, shifts: Sequence[float]) -> LogisticScorer:
        model = copy(self.model)
        model.coef_, model.intercept_ = scale * model.coef_, scale * model.intercept_ + np.asarray(shifts)
        return replace(self, model=model)

    def export(self) -> Exported:
        weights, intercepts = self.model.coef_.tolist(), self.model.intercept_.tolist()
        if self.classes == 2:
            return Exported({"format": FORMAT, "weights": weights[0], "intercept": intercepts[0]})
        return Exported({"format": CLASSES_FORMAT, "weights": weights, "intercepts": intercepts})

    def contributions(self, values: Floats) -> Floats | None:
        """Exact for independent columns: each weight times the distance from the mean (Lundberg and Lee 2017)."""
        if self.classes > 2:
            return None
        weights = self.model.coef_[0]
        expected = np.full(len(values), float(self.means @ weights + self.model.intercept_[0]))
        return np.column_stack([(values - self.means) * weights, expected])


class LogisticAlgorithm:
    """See `LabelAlgorithm`."""

    kind: ClassVar[str] = "logistic"
    section: ClassVar[type[LabelSection]] = LogisticSection
    reads_missing: ClassVar[bool] = False

    def fit(
        self, values: Floats, labels: Labels, weights: Floats | None, section: Any, *, classes: int, seed: int
    ) -> LogisticScorer:
        check_classes(labels, classes)
        ratio = {"l2": 0.0, "l1": 1.0, "elastic": section.l1_share}[section.penalty]
        model = LogisticRegression(
            C=1 / section.strength, l1_ratio=ratio, solver="lbfgs" if ratio == 0 else "saga",
            max_iter=section.iterations, random_state=seed,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                model.fit(values, labels, weights)
            except ConvergenceWarning:
                raise InputInvalid(
                    f"the logistic regression found no end in {section.iterations} iterations; scale its columns "
                    "(prepare.scale: zscore), or give more iterations or strength"
                ) from None
        return LogisticScorer(model, classes, values.mean(axis=0))


ALGORITHM = LogisticAlgorithm()
