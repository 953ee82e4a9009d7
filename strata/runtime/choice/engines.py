"""A package's model as each runtime scores it. Of a prepared one the model inside: its preparation stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, get_args

from strata.errors import PackageInvalid
from strata.runtime.boosted import BoostedModel
from strata.runtime.booster import Booster
from strata.runtime.centroids import CentroidsModel
from strata.runtime.choice.algebra import by_algebra
from strata.runtime.choice.centroid_algebra import PlainKMeans
from strata.runtime.choice.compiled_trees import FILE_NAME as COMPILED
from strata.runtime.choice.compiled_trees import CompiledTrees
from strata.runtime.choice.document import Runtime
from strata.runtime.choice.onnx_trees import FILE_NAME as ONNX
from strata.runtime.choice.onnx_trees import OnnxTrees
from strata.runtime.choice.plain_neighbours import PlainNeighbours
from strata.runtime.choice.sums import OtherSums
from strata.runtime.classes import ClassesModel
from strata.runtime.kmeans import KMeansModel
from strata.runtime.mixture import MixtureModel
from strata.runtime.model import Floats, Model
from strata.runtime.neighbours import NeighboursModel
from strata.runtime.prepared import PreparedModel

FILES: Final[dict[Runtime, str]] = {"lleaves": COMPILED, "onnxruntime": ONNX}
"""What a runtime loads beside the package itself."""
_RUNTIMES: Final[tuple[Runtime, ...]] = get_args(Runtime)
_OF_TREES: Final = ("lightgbm", "onnxruntime", "lleaves")
_NAMES: Final[dict[type, str]] = {
    KMeansModel: "k-means",
    CentroidsModel: "nearest centroids",
    MixtureModel: "a mixture",
    NeighboursModel: "nearest neighbours",
}


def bare(model: Model) -> Model:
    """The model itself, behind its preparation."""
    return model.inner if isinstance(model, PreparedModel) else model


def trees_of(model: Model) -> BoostedModel | ClassesModel | None:
    """The model, behind its preparation, if it is of trees."""
    found = bare(model)
    if isinstance(found, BoostedModel | ClassesModel) and isinstance(found.booster, Booster):
        return found
    return None


def usual(model: Model) -> Runtime:
    """The runtime a package has without a choice."""
    found = trees_of(model)
    if found is not None:
        return "lightgbm" if found.booster.native is None else "kernel"
    return "kernel" if bare(model).kernel_score() is not None else "numpy"


def candidates(model: Model) -> list[Runtime]:
    """Every runtime, the usual one first: `engine` says why one cannot score such a model."""
    return [usual(model), *(name for name in _RUNTIMES if name != usual(model))]


def engine(model: Model, runtime: Runtime, folder: Path) -> Model:
    """The model as `runtime` scores it; `folder` holds that runtime's file. Raises PackageInvalid when it cannot."""
    if runtime == usual(model):
        return model
    if isinstance(model, PreparedModel):
        return replace(model, inner=engine(model.inner, runtime, folder))
    if runtime == "kernel":
        raise PackageInvalid(f"the C kernel is not built here, or does not score {_named(model)} like this")
    trees = trees_of(model)
    if trees is not None:
        return replace(trees, booster=OtherSums(_sums(trees.booster, runtime, folder), trees.booster.objective))
    if runtime in _OF_TREES:
        raise PackageInvalid(f"{runtime} scores trees, and this is {_named(model)}")
    found = by_algebra(model) if runtime == "algebra" else _plain(model)
    if found is None:
        raise PackageInvalid(f"{runtime} is not written for {_named(model)}")
    return found


def _sums(booster: object, runtime: Runtime, folder: Path) -> Callable[[Floats], Floats]:
    assert isinstance(booster, Booster)
    if runtime == "lightgbm":
        return booster.by_lightgbm
    if runtime == "lleaves":
        return CompiledTrees(folder / COMPILED, booster.classes).sums
    if runtime == "onnxruntime":
        return OnnxTrees(folder / ONNX).sums
    raise PackageInvalid(f"{runtime} walks no trees")


def _plain(model: Model) -> Model | None:
    """In numpy, of a model that the kernel scores."""
    if isinstance(model, KMeansModel):
        return PlainKMeans(model.scales, model.centroids)
    if isinstance(model, NeighboursModel):
        return PlainNeighbours(model.points, model.segments, model.scales, model.reach, model.noise)
    return None


def _named(model: Model) -> str:
    if isinstance(model, BoostedModel | ClassesModel):
        return "weighted sums" if trees_of(model) is None else "trees"
    return _NAMES.get(type(model), "a model of this kind")
