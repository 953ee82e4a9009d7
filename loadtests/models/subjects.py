"""What is measured: models with their rows, and the ways to score them, which must agree first."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import lightgbm
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from loadtests.models.plan import Plan
from loadtests.models.scoring import Score, differences_of_one, scored_by_package
from loadtests.models.several_classes import as_package, train
from strata.errors import InputInvalid, StrataError
from strata.runtime import Manifest, Package, find_package, list_segmenters, load_package
from strata.runtime.boosted import MODEL_FILE, BoostedModel
from strata.runtime.booster import Booster
from strata.runtime.classes import ClassesModel
from strata.runtime.model import Floats
from strata.settings import Settings

CLOSE: Final = 1e-12
"""How far a probability may be from LightGBM's, which was built with an exponential of its own."""


@dataclass(frozen=True)
class Subject:
    """One model, loaded by us and by LightGBM, and the rows it is scored on."""

    name: str
    package: Package
    model: BoostedModel | ClassesModel
    theirs: lightgbm.Booster
    values: Floats
    load_s: float
    """From the package's files to a model that scores."""

    def engines(self, rows: int) -> dict[str, Score]:
        """By name, ways to score [rows, f]: the package's own, `Booster.predict`, and LightGBM's C API.

        Ours gives segments and scores, `Booster.predict` probabilities, the C API raw sums alone.
        """
        return {
            "ours": scored_by_package(self.package, rows),
            "booster": partial(self.theirs.predict, num_threads=1),
            "c_api": self._c_api,
        }

    def _c_api(self, values: Floats) -> Floats:
        booster = self.model.booster
        assert isinstance(booster, Booster)
        return booster.by_lightgbm(values)


def subjects(settings: Settings, plan: Plan, tell: Callable[[str], None]) -> list[Subject]:
    """The demonstration's model of one output, and one of several classes on the same rows.

    Raises InputInvalid when the home holds no package with trees, StrataError when a model disagrees with LightGBM.
    """
    folder, binary = _with_trees(settings)
    values = reference_values(folder, binary.manifest)
    tell(f"training {plan.boosting_rounds * plan.classes:,} trees on {len(values):,} rows")
    trained = train(values, plan)
    tell("loading the models and comparing their answers")
    found = [
        _loaded("binary", lambda: load_package(folder), lightgbm.Booster(model_file=str(folder / MODEL_FILE)), values),
        _loaded(f"{plan.classes} classes", lambda: as_package(trained, binary.manifest, plan.classes), trained, values),
    ]
    for one in found:
        require_same_answers(one)
    return found


def reference_values(folder: Path, manifest: Manifest) -> Floats:
    """The rows a version was accepted with, [n, f] in the manifest's order, NaN for missing."""
    table = pq.read_table(folder / "reference.parquet", columns=list(manifest.feature_keys))
    columns = [column.to_numpy().astype(np.float64) for column in table.itercolumns()]
    return np.ascontiguousarray(np.column_stack(columns))


def require_same_answers(subject: Subject) -> None:
    """Raises StrataError unless sums are LightGBM's to the last bit, probabilities nearly, segments what they say, and
    one row is answered as many are."""
    values, package = _filled(subject), subject.package
    raw = np.asarray(subject.theirs.predict(values, raw_score=True, num_threads=1)).reshape(len(values), -1)
    segments, scores = package.score(subject.values)
    wanted_segments, wanted_scores = _wanted(subject, values, raw)
    differences = {
        "sums": not np.array_equal(subject.model.booster.sums(values), raw),
        "segments": not np.array_equal(segments, wanted_segments),
        "scores": bool(np.abs(scores - wanted_scores.astype(np.float32)).max() > np.finfo(np.float32).eps),
        **differences_of_one(package, subject.values),
    }
    if isinstance(subject.model, ClassesModel):
        theirs = np.asarray(subject.theirs.predict(values, num_threads=1))
        differences["probabilities"] = bool(np.abs(subject.model.probabilities(values) - theirs).max() > CLOSE)
    if wrong := [name for name, differs in differences.items() if differs]:
        raise StrataError(f"{subject.name}: other {', '.join(wrong)} than LightGBM's; their costs are not comparable")


def _wanted(subject: Subject, values: Floats, raw: Floats) -> tuple[NDArray[np.int32], Floats]:
    model = subject.model
    if isinstance(model, ClassesModel):
        theirs = np.asarray(subject.theirs.predict(values, num_threads=1))
        return model.segments[theirs.argmax(axis=1)], theirs.max(axis=1)
    probability = model.calibration.apply(raw[:, 0])
    return model.bands[model.thresholds.searchsorted(probability, side="right")], probability


def _filled(subject: Subject) -> Floats:
    return np.where(np.isnan(subject.values), subject.package.defaults, subject.values)


def _loaded(name: str, load: Callable[[], Package], theirs: lightgbm.Booster, values: Floats) -> Subject:
    began_s = time.perf_counter()
    package = load()
    load_s = time.perf_counter() - began_s
    assert isinstance(package.model, BoostedModel | ClassesModel)
    return Subject(name, package, package.model, theirs, values, load_s)


def _with_trees(settings: Settings) -> tuple[Path, Package]:
    for name in list_segmenters(settings.packages):
        folder = find_package(settings.packages, name)
        package = load_package(folder)
        if isinstance(package.model, BoostedModel):
            return folder, package
    raise InputInvalid(
        f"{settings.packages} has no package of boosted trees; prepare the home with `strata up --prepare-only`"
    )
