"""The bench of models: what it makes of samples, the labels it simulates, and that it times no wrong answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import lightgbm
import numpy as np
import pytest
from tree_manifests import tree_manifest

from loadtests.models.measure import Cell, Sample
from loadtests.models.plan import LEAST_RATIO, Plan
from loadtests.models.report import models_tables, ratios
from loadtests.models.several_classes import as_package, simulated_labels, train
from loadtests.models.subjects import Subject, require_same_answers
from strata.errors import StrataError
from strata.runtime.boosted import MODEL_FILE, boosted_document
from strata.runtime.calibration import Platt
from strata.runtime.package import assemble

PLAN = Plan(rounds=2, seconds=0.0, sizes=(1, 500), classes=3, boosting_rounds=4, leaves=7)


def samples_of(ours_us: list[float], booster_us: list[float], c_api_us: list[float], rows: int = 500) -> Any:
    taken = {"ours": ours_us, "booster": booster_us, "c_api": c_api_us}
    return {
        Cell("3 classes", rows, name): [Sample(wall_us=each, cpu_us=each / 2, other_cpu_share=0.1) for each in walls]
        for name, walls in taken.items()
    }


def test_ratios_are_taken_round_by_round_and_one_is_held_to_a_bound() -> None:
    """Only `Booster.predict` on the batch of the model with several classes."""
    found = ratios(samples_of([1.0, 2.0], [10.0, 4.0], [8.0, 8.0]), PLAN)
    assert [(one.name, one.value.least, one.value.most, one.at_least, one.kept) for one in found] == [
        ("3 classes, 500 a call: Booster.predict / ours, wall", 2.0, 10.0, LEAST_RATIO, True),
        ("3 classes, 500 a call: Booster.predict / ours, CPU", 2.0, 10.0, None, None),
        ("3 classes, 500 a call: LightGBM's C API / ours, wall", 4.0, 8.0, None, None),
        ("3 classes, 500 a call: LightGBM's C API / ours, CPU", 4.0, 8.0, None, None),
    ]
    slow = ratios(samples_of([1.0, 1.0], [3.0, 3.0], [3.0, 3.0]), PLAN)
    assert [one.kept for one in slow] == [False, None, None, None]
    assert {one.kept for one in ratios(samples_of([1.0], [3.0], [3.0], rows=32), PLAN)} == {None}


def test_a_bound_that_is_not_kept_is_told() -> None:
    """In the last column of the last table."""
    document: dict[str, Any] = {"models": [], "prepared": [], "rows": []}
    told = models_tables(document, ratios(samples_of([1.0], [3.0], [3.0]), PLAN)).splitlines()
    assert "| 3 classes, 500 a call: Booster.predict / ours, wall | 3.00 (3.00 to 3.00) | >= 4 | **not kept** |" in told


@pytest.fixture(scope="module")
def values() -> Any:
    chance = np.random.default_rng(4)
    found = chance.gamma(2.0, size=(400, 5))
    found[chance.random(found.shape) < 0.1] = np.nan
    return found


def test_simulated_labels_are_the_same_again_and_fill_every_class(values: Any) -> None:
    """The seed decides them; no class has less than half of an equal part."""
    labels = simulated_labels(values, 6, seed=1)
    assert labels.tolist() == simulated_labels(values, 6, seed=1).tolist()
    assert labels.tolist() != simulated_labels(values, 6, seed=2).tolist()
    assert np.bincount(labels, minlength=6).min() > len(values) / 12


def subjects_of(values: Any) -> list[Subject]:
    several = train(values, PLAN)
    package = as_package(several, tree_manifest(5, 3, {}), 3)
    binary = lightgbm.train(
        {"objective": "binary", "num_leaves": 7, "verbose": -1, "num_threads": 1},
        lightgbm.Dataset(values, simulated_labels(values, 2, 1)),
        5,
    )
    document = boosted_document(Platt(1.0, 0.0), [0.4, 0.6], [2, 1, 0])
    alone = assemble(tree_manifest(5, 3, document), {MODEL_FILE: binary.model_to_string().encode()})
    return [
        Subject("3 classes", package, package.model, several, values, 0.0),  # type: ignore[arg-type]
        Subject("binary", alone, alone.model, binary, values, 0.0),  # type: ignore[arg-type]
    ]


def test_the_same_answers_are_accepted_and_others_are_refused(values: Any) -> None:
    """For both kinds of model: another booster, other segments, other scores."""
    several, binary = subjects_of(values)
    require_same_answers(several)
    require_same_answers(binary)
    other = train(values, replace(PLAN, seed=2))
    with pytest.raises(StrataError, match=r"3 classes: other sums, .*probabilities than LightGBM's"):
        require_same_answers(replace(several, theirs=other))
    turned = replace(several.model, segments=np.array([1, 0, 2], dtype=np.int32))  # type: ignore[type-var]
    with pytest.raises(StrataError, match="3 classes: other segments than"):
        require_same_answers(replace(several, package=replace(several.package, model=turned)))
    steeper = replace(binary.model, calibration=Platt(1.01, 0.0))  # type: ignore[type-var]
    with pytest.raises(StrataError, match=r"binary: other .*scores than"):
        require_same_answers(replace(binary, package=replace(binary.package, model=steeper)))
