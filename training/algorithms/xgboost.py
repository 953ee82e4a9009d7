"""Gradient boosted trees by XGBoost (Chen and Guestrin 2016)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Final, Literal

import lightgbm
import numpy as np
import xgboost
from pydantic import Field

from strata.runtime.binned_trees import MOST_EDGES
from strata.runtime.boosted import FORMAT, MODEL_FILE
from strata.runtime.classes import FORMAT as CLASSES_FORMAT
from strata.runtime.classes import OBJECTIVE
from training.algorithms._classes import check_classes, softmax_rows
from training.algorithms._tree_text import SplitTree, Whole, as_single, forest_text, last_at_most
from training.algorithms.port import Exported, Labels
from training.rows import Floats
from training.sections import LabelSection

Parameter = Literal[
    "learning_rate", "max_depth", "max_leaves", "max_bin", "min_child_weight", "min_split_loss", "max_delta_step",
    "subsample", "colsample_bytree", "colsample_bylevel", "colsample_bynode", "reg_alpha", "reg_lambda",
]  # fmt: skip

MOST_BINS: Final = MOST_EDGES - 1
"""A file that names no `max_bin` has forests the kernel sums by bins. XGBoost's own 256 bins (3.x) part at 255 places,
and beside them it writes the split between missing and present: past all values, or before all where sums round so."""
_BLOCK: Final = 10_000
"""Rows whose leaves are looked up at once: [rows, trees] of float32."""


class XgboostSection(LabelSection):
    """Boosted trees."""

    kind: Literal["xgboost"]
    trees: int = Field(ge=1, le=2_000)
    """Rounds; with more than two classes each round has a tree per class."""
    parameters: dict[Parameter, int | float] = Field(default={})
    """XGBoost's own."""


@dataclass(frozen=True)
class XgboostScorer:
    """See `Scorer`. `raw` adds up in float64 what XGBoost's leaves say, as packages do; XGBoost's sums are float32."""

    booster: xgboost.Booster
    classes: int
    base: float
    """The log-odds boosting began at; 0 with more than two classes."""
    counts: tuple[Whole, ...]
    """Per tree, the training rows in each node."""
    scale: float = 1.0
    """Of the leaves."""
    shifts: tuple[float, ...] = ()
    """Of the classes' sums."""
    scalable: ClassVar[bool] = True

    def raw(self, values: Floats) -> Floats:
        outputs = 1 if self.classes == 2 else self.classes
        sums = np.zeros((len(values), outputs))
        for first in range(0, len(values), _BLOCK):
            leaves = _leaves(self.booster, values[first : first + _BLOCK])
            for number, tree in enumerate(self._trees):
                sums[first : first + _BLOCK, number % outputs] += tree.value[leaves[:, number]]
        return sums[:, 0] if outputs == 1 else softmax_rows(sums)

    def adjusted(self, scale: float, shifts: Sequence[float]) -> XgboostScorer:
        return replace(self, scale=scale, shifts=tuple(shifts))

    def export(self) -> Exported:
        form = FORMAT if self.classes == 2 else CLASSES_FORMAT
        return Exported({"format": form, "file": MODEL_FILE}, {MODEL_FILE: self._text.encode()})

    def contributions(self, values: Floats) -> Floats | None:
        if self.classes > 2:
            return None
        explained = lightgbm.Booster(model_str=self._text).predict(values, pred_contrib=True, num_threads=1)
        return np.asarray(explained, dtype=np.float64)

    @cached_property
    def _text(self) -> str:
        count = self.booster.num_features()
        if self.classes == 2:
            return forest_text(self._trees, count, objective="binary sigmoid:1")
        return forest_text(self._trees, count, classes=self.classes, objective=f"{OBJECTIVE} num_class:{self.classes}")

    @cached_property
    def _trees(self) -> list[SplitTree]:
        """What each sum begins at is in the leaves of its first tree."""
        starts = (self.base,) if self.classes == 2 else self.shifts or (0.0,) * self.classes
        found = [_read(tree, rows) for tree, rows in zip(_documents(self.booster), self.counts, strict=True)]
        scaled = (replace(tree, value=self.scale * tree.value) for tree in found)
        return [
            replace(tree, value=tree.value + starts[number]) if number < len(starts) else tree
            for number, tree in enumerate(scaled)
        ]


class XgboostAlgorithm:
    """See `LabelAlgorithm`."""

    kind: ClassVar[str] = "xgboost"
    section: ClassVar[type[LabelSection]] = XgboostSection
    reads_missing: ClassVar[bool] = True

    def fit(
        self, values: Floats, labels: Labels, weights: Floats | None, section: Any, *, classes: int, seed: int
    ) -> XgboostScorer:
        check_classes(labels, classes)
        share = float(np.average(labels, weights=weights)) if classes == 2 else 0.0
        rows = xgboost.DMatrix(as_single(values), labels, weight=weights)
        parameters = {"max_bin": MOST_BINS, **section.parameters, **_fixed(classes, share, seed)}
        booster = xgboost.train(parameters, rows, section.trees)
        base = float(np.log(share / (1 - share))) if classes == 2 else 0.0
        return XgboostScorer(booster, classes, base, _counted(booster, values))


def _fixed(classes: int, share: float, seed: int) -> dict[str, Any]:
    two = {"objective": "binary:logistic", "base_score": share}
    more = {"objective": "multi:softprob", "num_class": classes, "base_score": 0.0}
    shape = two if classes == 2 else more
    return {**shape, "tree_method": "hist", "seed": seed, "nthread": 1, "verbosity": 0, "validate_parameters": True}


def _documents(booster: xgboost.Booster) -> list[dict[str, Any]]:
    document = json.loads(bytes(booster.save_raw("json")))
    found: list[dict[str, Any]] = document["learner"]["gradient_booster"]["model"]["trees"]
    return found


def _read(tree: dict[str, Any], rows: Whole) -> SplitTree:
    left = np.array(tree["left_children"], dtype=np.int64)
    conditions = np.array(tree["split_conditions"], dtype=np.float32)  # of a leaf: its value
    strictly = np.nextafter(conditions, np.float32(-np.inf))  # XGBoost goes left where a value is less
    return SplitTree(
        left, np.array(tree["right_children"], dtype=np.int64), np.array(tree["split_indices"], dtype=np.int64),
        last_at_most(strictly.astype(np.float64)), np.array(tree["default_left"]).astype(np.bool_),
        conditions.astype(np.float64), rows,
    )  # fmt: skip


def _leaves(booster: xgboost.Booster, values: Floats) -> Whole:
    """[n, trees] the node of each tree a row ends in."""
    found = booster.predict(xgboost.DMatrix(as_single(values)), pred_leaf=True)
    return np.asarray(found).reshape(len(values), -1).astype(np.int64)


def _counted(booster: xgboost.Booster, values: Floats) -> tuple[Whole, ...]:
    """XGBoost keeps no row counts; a node's are those of the leaves below it."""
    trees = _documents(booster)
    counts = [np.zeros(len(tree["left_children"]), dtype=np.int64) for tree in trees]
    for first in range(0, len(values), _BLOCK):
        leaves = _leaves(booster, values[first : first + _BLOCK])
        for number, count in enumerate(counts):
            np.add.at(count, leaves[:, number], 1)
    for tree, count in zip(trees, counts, strict=True):
        for node in reversed(range(len(count))):  # a child stands behind its parent
            left = tree["left_children"][node]
            count[node] = max(count[node], 1) if left < 0 else count[left] + count[tree["right_children"][node]]
    return tuple(counts)


ALGORITHM = XgboostAlgorithm()
