"""A model of several classes on a package's real feature vectors, with labels that are simulated: nothing in the
demonstration's data has six outcomes, and what a row costs to score does not depend on what the classes mean."""

from __future__ import annotations

from dataclasses import replace

import lightgbm
import numpy as np
from numpy.typing import NDArray

from loadtests.models.plan import Plan
from strata.runtime import Manifest, Package, SegmentEntry
from strata.runtime.boosted import MODEL_FILE
from strata.runtime.classes import classes_document
from strata.runtime.model import Floats
from strata.runtime.package import assemble

MIN_ROWS_IN_LEAF = 20
LEARNING_RATE = 0.05
"""Slow enough that the last trees still have something to learn: all of them have all their leaves."""


def simulated_labels(values: Floats, classes: int, seed: int) -> NDArray[np.int64]:
    """Each row's class: the greatest of linear scores of the features' ranks, each with Gumbel noise as wide as itself.

    So the classes' odds are a softmax that trees can learn, about as many rows fall into each, and no leaf is pure.
    """
    chance = np.random.default_rng(seed)
    ranks = np.argsort(np.argsort(np.nan_to_num(values, nan=-1.0), axis=0), axis=0) / len(values) - 0.5
    scores = ranks @ chance.normal(size=(values.shape[1], classes))
    scores = (scores - scores.mean(axis=0)) / scores.std(axis=0)
    labels: NDArray[np.int64] = (scores + chance.gumbel(size=scores.shape)).argmax(axis=1)
    return labels


def train(values: Floats, plan: Plan) -> lightgbm.Booster:
    """`boosting_rounds` trees for each class; the same values and plan give the same trees."""
    parameters = {
        "objective": "multiclass",
        "num_class": plan.classes,
        "num_leaves": plan.leaves,
        "min_data_in_leaf": MIN_ROWS_IN_LEAF,
        "learning_rate": LEARNING_RATE,
        "seed": plan.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }
    labels = simulated_labels(values, plan.classes, plan.seed)
    return lightgbm.train(parameters, lightgbm.Dataset(values, labels), plan.boosting_rounds)


def as_package(booster: lightgbm.Booster, beside: Manifest, classes: int) -> Package:
    """The trees as a package of the same inputs as another's, in memory."""
    manifest = replace(
        beside,
        segmenter="several_classes",
        vocabulary=tuple(SegmentEntry(f"class_{one}", f"Class {one}", "Simulated.") for one in range(classes)),
        fallback_segment="class_0",
        score_meaning="posterior",
        model=classes_document(list(range(classes))),
    )
    return assemble(manifest, {MODEL_FILE: booster.model_to_string().encode()})
