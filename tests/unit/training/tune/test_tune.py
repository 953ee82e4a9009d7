"""Runtimes measured on a package's reference: those that answer otherwise are left out, the quickest is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from strata.errors import InputInvalid, PackageInvalid
from strata.runtime import load_package, write_package
from strata.runtime.boosted import MODEL_FILE, boosted_document
from strata.runtime.calibration import Platt
from strata.runtime.choice import choice_folder, load_tuned
from strata.runtime.choice.document import FILE_NAME, FromRows
from strata.runtime.choice.onnx_trees import OnnxTrees
from strata.runtime.classes import classes_document
from strata.runtime.model import Scores
from strata.runtime.tree_text import read_tree_text
from tests.doubles.tree_manifests import tree_manifest
from training.tune import run
from training.tune.choose import choose
from training.tune.export_onnx import export_onnx
from training.tune.measure import disagreement, measure

FEATURES = 5


def rows(count: int = 400, seed: int = 3) -> Any:
    """Values with holes, zeros and repeated ones."""
    draws = np.random.default_rng(seed)
    values = np.round(draws.normal(size=(count, FEATURES)), 1)
    values[draws.random(values.shape) < 0.1] = np.nan
    return values


def booster(classes: int) -> lightgbm.Booster:
    """Trained on the rows, deterministic."""
    values = rows()
    labels = (np.nansum(values, axis=1) > 0).astype(int) + (np.nan_to_num(values[:, 0]) > 1 if classes > 2 else 0)
    shape = {"objective": "binary"} if classes == 2 else {"objective": "multiclass", "num_class": classes}
    told = {**shape, "num_leaves": 7, "min_data_in_leaf": 5, "seed": 1, "num_threads": 1, "verbose": -1}
    return lightgbm.train(told, lightgbm.Dataset(values, labels), 12)


def packaged(packages: Path, classes: int = 2, reference: Any = None) -> Path:
    """A package of those trees with a reference."""
    model = boosted_document(Platt(1.0, 0.0), [0.5], [1, 0]) if classes == 2 else classes_document(list(range(classes)))
    values = rows() if reference is None else reference
    sink = packages / "reference.parquet"
    packages.mkdir(exist_ok=True)
    pq.write_table(pa.table({f"toy:f{i}": pa.array(values[:, i], from_pandas=True) for i in range(FEATURES)}), sink)
    files = {MODEL_FILE: booster(classes).model_to_string().encode(), "reference.parquet": sink.read_bytes()}
    return write_package(packages, tree_manifest(FEATURES, classes, model), files)[1]


@pytest.fixture(autouse=True)
def _no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """lleaves has a test of its own, in an environment of its own."""

    def refuse(text: Path, target: Path) -> None:
        raise InputInvalid("not in this test")

    monkeypatch.setattr("training.tune.candidates.compile_trees", refuse)
    monkeypatch.setattr("training.tune.measure.SLICE_S", 0.001)


@pytest.mark.parametrize("classes", [2, 3])
def test_onnx_sums_are_lightgbms(tmp_path: Path, classes: int) -> None:
    """Missing values, zeros and values on thresholds go the same way; sums agree to single precision."""
    trained = booster(classes)
    forest = read_tree_text(trained.model_to_string(), FEATURES, 1 if classes == 2 else classes)
    export_onnx(forest, tmp_path / "trees.onnx")
    values = rows(seed=4)
    on = np.array([forest.trees[0].threshold[0]] * FEATURES)
    values = np.vstack([values, on, np.nextafter(on, np.inf), np.nextafter(on, -np.inf), np.zeros(FEATURES)])
    wanted = np.asarray(trained.predict(values, raw_score=True)).reshape(len(values), -1)
    np.testing.assert_allclose(OnnxTrees(tmp_path / "trees.onnx").sums(values), wanted, atol=2e-6)


def test_a_file_onnxruntime_refuses_is_a_sentence(tmp_path: Path) -> None:
    """Garbage in its file never reaches a caller as onnxruntime's own error."""
    (tmp_path / "trees.onnx").write_bytes(b"garbage")
    with pytest.raises(PackageInvalid, match=r"onnxruntime refuses trees\.onnx"):
        OnnxTrees(tmp_path / "trees.onnx")


@pytest.mark.parametrize("classes", [2, 3])
def test_a_tuning_is_kept_beside_the_package(tmp_path: Path, classes: int) -> None:
    """Every runtime measured at every size or left out with a reason; the package itself is untouched."""
    folder = packaged(tmp_path / "packages", classes)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    choice = run.tune(folder, rounds=1)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert set(choice.measured) == {"kernel", "lightgbm", "onnxruntime"}
    assert set(choice.left_out) == {"lleaves", "numpy", "algebra"}
    assert choice.left_out["lleaves"] == "not in this test"
    assert all(set(times) == {"1", "32", "1000"} and min(times.values()) > 0 for times in choice.measured.values())
    assert json.loads((choice_folder(folder) / FILE_NAME).read_bytes())["use"][0]["rows"] == 1
    tuned, plain = load_tuned(folder), load_package(folder)
    assert disagreement(tuned.score(rows(seed=9)), plain.score(rows(seed=9))) == ""


def test_a_chosen_runtime_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the choice names is loaded from the files beside it, and answers."""
    monkeypatch.setattr(run, "choose", lambda measured, usual: (FromRows(1, usual), FromRows(8, "onnxruntime")))
    folder = packaged(tmp_path / "packages")
    choice = run.tune(folder, rounds=1)
    assert set(choice.files) == {"trees.onnx"}
    model: Any = load_tuned(folder).model
    assert isinstance(model.models[1].booster.by.__self__, OnnxTrees)
    assert disagreement(load_tuned(folder).score(rows(seed=9)), load_package(folder).score(rows(seed=9))) == ""


def test_a_runtime_that_answers_otherwise_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One segment of the reference is enough, and so is a score off by more than 1e-6."""
    monkeypatch.setattr(OnnxTrees, "sums", lambda self, values: np.full((len(values), 1), 3.0))
    choice = run.tune(packaged(tmp_path / "packages"), rounds=1)
    assert "onnxruntime" not in choice.measured
    assert "segments of the reference are others" in choice.left_out["onnxruntime"]


def test_disagreement_in_words() -> None:
    """Equal segments and scores within 1e-6 are agreement."""
    zeros, half = np.zeros(2, dtype=np.int32), np.full(2, 0.5, dtype=np.float32)
    assert disagreement(Scores(zeros, half), Scores(zeros, half + np.float32(5e-7))) == ""
    assert "by up to 1e-05" in disagreement(Scores(zeros, half), Scores(zeros, half + np.float32(1e-5)))
    assert "1 of 2 segments" in disagreement(Scores(np.array([0, 1], dtype=np.int32), half), Scores(zeros, half))


def test_a_reference_without_rows_is_refused(tmp_path: Path) -> None:
    """There is nothing to compare on, so nothing is chosen."""
    folder = packaged(tmp_path / "packages", reference=rows()[:0])
    with pytest.raises(InputInvalid, match="holds no rows to measure on"):
        run.tune(folder, rounds=1)
    assert not choice_folder(folder).exists()


def test_the_usual_runtime_stays_unless_another_pays() -> None:
    """A tenth less is noise; borders lie between the sizes that were measured."""
    kernel = {1: 5.0, 32: 40.0, 1_000: 900.0}
    assert choose({"kernel": kernel, "lleaves": {1: 4.8, 32: 37.0, 1_000: 890.0}}, "kernel") == (FromRows(1, "kernel"),)
    assert choose({"kernel": kernel, "lleaves": {1: 9.0, 32: 70.0, 1_000: 90.0}}, "kernel") == (
        FromRows(1, "kernel"),
        FromRows(179, "lleaves"),
    )


def test_medians_are_taken_a_call(tmp_path: Path) -> None:
    """A thousand rows a call take longer than one, on the same scale."""
    model = load_package(packaged(tmp_path / "packages")).model
    found = measure({"kernel": model}, np.nan_to_num(rows()), 1, lambda stage: None)
    assert found["kernel"][1_000] > found["kernel"][1]
