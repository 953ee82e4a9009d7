"""A random forest by scikit-learn (Breiman 2001): the mean of what many trees, each on its own resample, say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import lightgbm
import numpy as np
from pydantic import Field
from sklearn.ensemble import RandomForestClassifier

from strata.runtime.boosted import FORMAT, MODEL_FILE
from strata.runtime.classes import FORMAT as CLASSES_FORMAT
from training.algorithms._bins import Bins, find_bins
from training.algorithms._classes import check_classes
from training.algorithms._tree_text import SplitTree, forest_text
from training.algorithms.port import Exported, Labels
from training.rows import Floats
from training.sections import LabelSection


class RandomForestSection(LabelSection):
    """Many deep trees."""

    kind: Literal["random_forest"]
    trees: int = Field(default=200, ge=1, le=2_000)
    leaves: int = Field(default=64, ge=2, le=4_096)
    """The most of a tree."""
    least_rows: int = Field(default=5, ge=1)
    """Of a leaf."""
    features: float | None = Field(default=None, gt=0, le=1)
    """The share of columns a split may choose from; their square root by default."""


@dataclass(frozen=True)
class RandomForestScorer:
    """See `Scorer`. `raw` of two classes: the trees' mean probability, times a constant between 1/2 and 1.

    The constant makes division exact: trees are summed and halved as often as the package does, to the same bits.
    """

    forest: RandomForestClassifier
    """Of bins."""
    bins: Bins
    classes: int
    factors: tuple[float, ...] = ()
    """By which each class's sum is multiplied."""
    scalable: ClassVar[bool] = False

    def raw(self, values: Floats) -> Floats:
        rows = self.bins.of(values)
        total = np.zeros((len(rows), self.classes))
        for one in self.forest.estimators_:
            total += one.tree_.predict(rows) * self._shares
        if self.classes == 2:
            return total[:, 1]
        found: Floats = total / total.sum(axis=1, keepdims=True)
        return found

    def adjusted(self, scale: float, shifts: Sequence[float]) -> RandomForestScorer:
        assert scale == 1
        return replace(self, factors=tuple(np.exp(np.asarray(shifts) - max(shifts)).tolist()))

    def export(self) -> Exported:
        two = self.classes == 2
        form = {"format": FORMAT} if two else {"format": CLASSES_FORMAT, "link": "shares"}
        return Exported({**form, "file": MODEL_FILE}, {MODEL_FILE: self._text.encode()})

    def contributions(self, values: Floats) -> Floats | None:
        if self.classes > 2:
            return None
        explained = lightgbm.Booster(model_str=self._text).predict(values, pred_contrib=True, num_threads=1)
        return np.asarray(explained, dtype=np.float64)

    @property
    def _shares(self) -> Floats:
        """[classes] of one tree: a power of two, not more than one over their number, times the class's factor."""
        share = 2.0 ** -(len(self.forest.estimators_) - 1).bit_length()
        return share * np.asarray(self.factors or (1.0,) * self.classes)

    @cached_property
    def _text(self) -> str:
        outputs = 1 if self.classes == 2 else self.classes
        return forest_text([*self._trees()], self.forest.n_features_in_, classes=outputs)

    def _trees(self) -> Iterator[SplitTree]:
        wanted = [1] if self.classes == 2 else range(self.classes)
        for one in self.forest.estimators_:
            tree = one.tree_
            missing_left = tree.__getstate__()["nodes"]["missing_go_to_left"].astype(np.bool_)
            thresholds, rows = self.bins.thresholds(tree.feature, tree.threshold), tree.n_node_samples
            for wanted_class in wanted:
                value = tree.value[:, 0, wanted_class] * self._shares[wanted_class]
                yield SplitTree(
                    tree.children_left, tree.children_right, tree.feature, thresholds, missing_left, value, rows
                )


class RandomForestAlgorithm:
    """See `LabelAlgorithm`."""

    kind: ClassVar[str] = "random_forest"
    section: ClassVar[type[LabelSection]] = RandomForestSection
    reads_missing: ClassVar[bool] = True

    def fit(
        self, values: Floats, labels: Labels, weights: Floats | None, section: Any, *, classes: int, seed: int
    ) -> RandomForestScorer:
        check_classes(labels, classes)
        forest = RandomForestClassifier(
            section.trees, max_leaf_nodes=section.leaves, min_samples_leaf=section.least_rows,
            max_features=section.features or "sqrt", random_state=seed, n_jobs=1,
        )  # fmt: skip
        bins = find_bins(values)
        forest.fit(bins.of(values), labels, weights)
        return RandomForestScorer(forest, bins, classes)


ALGORITHM = RandomForestAlgorithm()
