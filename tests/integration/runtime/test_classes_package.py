"""A package of six classes, from LightGBM's training to a loaded package: the answers are LightGBM's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
from kernels import IMPLEMENTATIONS, forced
from tree_manifests import tree_manifest

from strata.errors import PackageInvalid
from strata.runtime import load_package, write_package
from strata.runtime.boosted import MODEL_FILE
from strata.runtime.classes import ClassesModel, classes_document

pytestmark = pytest.mark.integration

CLASSES, FEATURES, ROWS = 6, 12, 900
SEGMENTS = [3, 1, 5, 0, 2, 4]
DEFAULTED = 2
"""The feature that has a default."""


@pytest.fixture(scope="module")
def values() -> Any:
    chance = np.random.default_rng(11)
    found = np.round(chance.normal(size=(ROWS, FEATURES)), 2)
    found[chance.random(found.shape) < 0.12] = np.nan
    return found


@pytest.fixture(scope="module")
def booster(values: Any) -> lightgbm.Booster:
    chance = np.random.default_rng(12)
    leaning = np.nan_to_num(values) @ chance.normal(size=(FEATURES, CLASSES))
    labels = (leaning + chance.gumbel(size=leaning.shape)).argmax(axis=1)
    chosen = {"objective": "multiclass", "num_class": CLASSES, "num_leaves": 31, "verbose": -1, "num_threads": 1}
    return lightgbm.train(chosen | {"min_data_in_leaf": 5, "seed": 1}, lightgbm.Dataset(values, labels), 40)


@pytest.fixture(scope="module")
def folder(booster: lightgbm.Booster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    manifest = tree_manifest(FEATURES, CLASSES, classes_document(SEGMENTS), defaults={DEFAULTED: 0.5})
    packages = tmp_path_factory.mktemp("packages")
    return write_package(packages, manifest, {MODEL_FILE: booster.model_to_string().encode()})[1]


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_a_loaded_package_answers_as_lightgbm_does(
    folder: Path, booster: lightgbm.Booster, values: Any, implementation: str
) -> None:
    """Segments by the same argmax; probabilities within 1e-12; one row as many; with and without the kernel."""
    filled = np.where(np.isnan(values) & (np.arange(FEATURES) == DEFAULTED), 0.5, values)
    wanted = booster.predict(filled, num_threads=1)
    with forced(implementation):
        package = load_package(folder)
        assert isinstance(package.model, ClassesModel)
        assert (package.model.booster.native is not None) == (implementation == "native")
        scored = package.score(values)
        alone = [package.score_row(row) for row in values]
        np.testing.assert_allclose(package.model.probabilities(filled), wanted, rtol=0, atol=1e-12)
        raw = booster.predict(filled, raw_score=True, num_threads=1)
        np.testing.assert_array_equal(package.model.booster.sums(filled), raw)
    assert scored.segment_indexes.tolist() == np.array(SEGMENTS)[wanted.argmax(axis=1)].tolist()
    np.testing.assert_array_equal(scored.scores, wanted.max(axis=1).astype(np.float32))
    assert [index for index, _ in alone] == scored.segment_indexes.tolist()
    np.testing.assert_array_equal(np.array([score for _, score in alone], dtype=np.float32), scored.scores)


def test_the_kernel_changes_no_answer(folder: Path, values: Any) -> None:
    """The same segments and scores with the C kernel and without."""
    answers = []
    for implementation in IMPLEMENTATIONS:
        with forced(implementation):
            answers.append(load_package(folder).score(values))
    np.testing.assert_array_equal(answers[0].segment_indexes, answers[1].segment_indexes)
    np.testing.assert_array_equal(answers[0].scores, answers[1].scores)


def test_a_package_whose_trees_were_swapped_is_refused(folder: Path) -> None:
    """Another file under the same name is not what the manifest lists."""
    path = folder / MODEL_FILE
    sound = path.read_bytes()
    try:
        path.write_bytes(sound.replace(b"num_class=6", b"num_class=5"))
        with pytest.raises(PackageInvalid, match=r"model\.txt is not the file the manifest lists"):
            load_package(folder)
    finally:
        path.write_bytes(sound)
