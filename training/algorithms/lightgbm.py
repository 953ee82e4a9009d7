"""Gradient boosted trees by LightGBM (Ke et al. 2017)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import lightgbm
import numpy as np
from pydantic import Field

from strata.runtime.boosted import FORMAT, MODEL_FILE
from strata.runtime.classes import FORMAT as CLASSES_FORMAT
from training.algorithms.port import Exported, Labels
from training.rows import Floats
from training.sections import LabelSection

Parameter = Literal[
    "learning_rate", "num_leaves", "max_depth", "max_bin", "min_data_in_leaf", "min_sum_hessian_in_leaf",
    "min_gain_to_split", "feature_fraction", "feature_fraction_bynode", "bagging_fraction", "bagging_freq",
    "lambda_l1", "lambda_l2", "max_delta_step", "path_smooth",
]  # fmt: skip


class LightGbmSection(LabelSection):
    """Boosted trees."""

    kind: Literal["lightgbm"]
    trees: int = Field(ge=1, le=2_000)
    parameters: dict[Parameter, int | float] = Field(default={})
    """LightGBM's own."""


@dataclass(frozen=True)
class LightGbmScorer:
    """See `Scorer`."""

    booster: lightgbm.Booster
    classes: int
    scalable: ClassVar[bool] = True

    def raw(self, values: Floats) -> Floats:
        found = self.booster.predict(np.ascontiguousarray(values), raw_score=self.classes == 2, num_threads=1)
        return np.asarray(found, dtype=np.float64)

    def adjusted(self, scale: float, shifts: Sequence[float]) -> LightGbmScorer:
        text = self.booster.model_to_string(num_iteration=-1)
        booster = lightgbm.Booster(model_str=text)
        for tree, leaves in enumerate(re.findall(r"^num_leaves=(\d+)$", text, re.MULTILINE)):
            shift = shifts[tree] if tree < self.classes else 0.0  # the first tree of each class carries it
            for leaf in range(int(leaves)):
                booster.set_leaf_output(tree, leaf, scale * booster.get_leaf_output(tree, leaf) + shift)
        return LightGbmScorer(booster, self.classes)

    def export(self) -> Exported:
        text = self.booster.model_to_string(num_iteration=-1)
        form = FORMAT if self.classes == 2 else CLASSES_FORMAT
        return Exported({"format": form, "file": MODEL_FILE}, {MODEL_FILE: text.encode()})

    def contributions(self, values: Floats) -> Floats | None:
        if self.classes > 2:
            return None
        return np.asarray(self.booster.predict(values, pred_contrib=True, num_threads=1), dtype=np.float64)


class LightGbmAlgorithm:
    """See `LabelAlgorithm`."""

    kind: ClassVar[str] = "lightgbm"
    section: ClassVar[type[LabelSection]] = LightGbmSection
    reads_missing: ClassVar[bool] = True

    def fit(
        self, values: Floats, labels: Labels, weights: Floats | None, section: LightGbmSection, *, classes: int,
        seed: int,
    ) -> LightGbmScorer:  # fmt: skip
        rows = lightgbm.Dataset(values, labels, weight=weights, free_raw_data=False)
        return LightGbmScorer(lightgbm.train(_parameters(section, classes, seed), rows, section.trees), classes)


def _parameters(section: LightGbmSection, classes: int, seed: int) -> dict[str, Any]:
    shape = {"objective": "binary"} if classes == 2 else {"objective": "multiclass", "num_class": classes}
    return {
        **{str(name): value for name, value in section.parameters.items()},
        **shape,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbose": -1,
    }


ALGORITHM = LightGbmAlgorithm()
