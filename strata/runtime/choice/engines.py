"""A package's model as each runtime scores it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from strata.errors import PackageInvalid
from strata.runtime.boosted import BoostedModel
from strata.runtime.booster import Booster
from strata.runtime.choice.centroid_algebra import AlgebraicKMeans, PlainKMeans
from strata.runtime.choice.compiled_trees import FILE_NAME as COMPILED
from strata.runtime.choice.compiled_trees import CompiledTrees
from strata.runtime.choice.document import Runtime
from strata.runtime.choice.onnx_trees import FILE_NAME as ONNX
from strata.runtime.choice.onnx_trees import OnnxTrees
from strata.runtime.choice.sums import OtherSums
from strata.runtime.classes import ClassesModel
from strata.runtime.kmeans import KMeansModel
from strata.runtime.model import Floats, Model

FILES: Final[dict[Runtime, str]] = {"lleaves": COMPILED, "onnxruntime": ONNX}
"""What a runtime loads beside the package itself."""


def trees_of(model: Model) -> BoostedModel | ClassesModel | None:
    """The model, if it is of trees."""
    if isinstance(model, BoostedModel | ClassesModel) and isinstance(model.booster, Booster):
        return model
    return None


def usual(model: Model) -> Runtime:
    """The runtime a package has without a choice."""
    found = trees_of(model)
    if found is not None:
        return "lightgbm" if found.booster.native is None else "kernel"
    return "kernel" if model.kernel_score() is not None else "numpy"


def candidates(model: Model) -> list[Runtime]:
    """Every runtime that could score such a model, the usual one first."""
    if trees_of(model) is not None:
        others: list[Runtime] = ["kernel", "lightgbm", "onnxruntime", "lleaves"]
    elif isinstance(model, KMeansModel):
        others = ["kernel", "numpy", "algebra"]
    else:
        others = []
    return [usual(model), *(name for name in others if name != usual(model))]


def engine(model: Model, runtime: Runtime, folder: Path) -> Model:
    """The model as `runtime` scores it; `folder` holds that runtime's file. Raises PackageInvalid when it cannot."""
    if runtime == usual(model):
        return model
    trees = trees_of(model)
    if trees is not None:
        booster = trees.booster
        assert isinstance(booster, Booster)
        if runtime == "lightgbm":
            return _by(trees, booster.by_lightgbm)
        if runtime == "lleaves":
            return _by(trees, CompiledTrees(folder / COMPILED, booster.classes).sums)
        if runtime == "onnxruntime":
            return _by(trees, OnnxTrees(folder / ONNX).sums)
    elif isinstance(model, KMeansModel):
        if runtime == "numpy":
            return PlainKMeans(model.scales, model.centroids)
        if runtime == "algebra":
            return AlgebraicKMeans(model.scales, model.centroids)
    if runtime == "kernel":
        raise PackageInvalid("the C kernel is not built here, or does not walk such a model")
    raise PackageInvalid(f"{runtime} scores no model of this kind")


def _by(trees: BoostedModel | ClassesModel, sums: Callable[[Floats], Floats]) -> Model:
    return replace(trees, booster=OtherSums(sums, trees.booster.objective))
