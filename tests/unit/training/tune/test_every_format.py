"""Every format a training makes, bare and behind a preparation: who can score it, who cannot and why, and alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from strata.errors import InputInvalid
from strata.runtime import load_package, write_package
from strata.runtime.choice import load_tuned
from strata.runtime.choice.algebra import AlgebraicCentroids
from strata.runtime.choice.document import FromRows
from strata.runtime.choice.engines import bare, engine, usual
from strata.runtime.classes import classes_document
from strata.runtime.prepared import PreparedModel
from strata.runtime.tree_text import read_tree_text
from tests.doubles.prepared_packages import COLUMNS, FEATURES, FILES, INNER, PREPARATION, SEGMENTS, strange_rows
from tests.doubles.tree_manifests import tree_manifest
from training.tune import run
from training.tune.export_onnx import export_onnx
from training.tune.measure import SIZES, disagreement

TREES = {"lightgbm", "onnxruntime"}
SIX = "six classes"
OTHERS: dict[str, set[str]] = {
    "kmeans/1": {"numpy", "algebra"},
    "centroids/1": {"algebra"},
    "mixture/1": {"algebra"},
    "diagonal mixture": set(),
    "neighbours/1": {"numpy"},
    "linear/1": {"algebra"},
    "linear-classes/1": {"algebra"},
    "lightgbm/1": TREES,
    "lightgbm-classes/1": TREES,
    "shares": TREES,
    SIX: TREES,
}
"""Format -> who scores it beside the usual runtime."""
WHY = {
    ("lightgbm", "mixture/1"): "lightgbm scores trees, and this is a mixture",
    ("onnxruntime", "linear/1"): "onnxruntime scores trees, and this is weighted sums",
    ("lleaves", "kmeans/1"): "lleaves scores trees, and this is k-means",
    ("algebra", "neighbours/1"): "algebra is not written for nearest neighbours",
    ("algebra", "diagonal mixture"): "algebra is not written for a mixture",
    ("kernel", "centroids/1"): "the C kernel is not built here, or does not score nearest centroids like this",
    ("numpy", "lightgbm/1"): "numpy walks no trees",
    ("algebra", SIX): "algebra walks no trees",
}


def rows(width: int, seed: int, count: int = 300) -> Any:
    """No gaps: most of the formats read none, and a preparation fills its own."""
    return np.random.default_rng(seed).normal(0.5, 1.5, (count, width)).round(2)


def six_classes() -> bytes:
    """Real trees of six classes over the prepared columns."""
    values = rows(COLUMNS, 5)
    labels = np.digitize(values[:, 0] + values[:, 1] / 2, [-1.0, 0.0, 0.7, 1.4, 2.2])
    told = {"objective": "multiclass", "num_class": 6, "num_leaves": 7, "min_data_in_leaf": 5, "seed": 1,
            "num_threads": 1, "verbose": -1}  # fmt: skip
    return lightgbm.train(told, lightgbm.Dataset(values, labels), 12).model_to_string().encode()


def packaged(packages: Path, name: str, *, prepared: bool) -> Path:
    """A package of that format with a reference."""
    document = {**classes_document(list(range(6))), "file": "six.txt"} if name == SIX else INNER[name]
    width = FEATURES if prepared else COLUMNS
    files = {"six.txt": six_classes()} if name == SIX else FILES
    named = {document["file"]: files[document["file"]]} if "file" in document else {}
    model = {"format": "prepared/1", **PREPARATION, "model": document} if prepared else document
    defaults = {} if prepared else dict.fromkeys(range(width), 0.0)
    manifest = tree_manifest(width, 6 if name == SIX else SEGMENTS, model, defaults=defaults)
    packages.mkdir(exist_ok=True)
    sink, values = packages / "reference.parquet", rows(width, 1)
    pq.write_table(pa.table({f"toy:f{i}": values[:, i] for i in range(width)}), sink)
    return write_package(packages, manifest, {**named, "reference.parquet": sink.read_bytes()})[1]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """lleaves' machine code has a test of its own, in an environment of its own."""

    def refuse(text: Path, target: Path) -> None:
        raise InputInvalid("not in this test")

    monkeypatch.setattr("training.tune.candidates.compile_trees", refuse)
    monkeypatch.setattr("training.tune.measure.SLICE_S", 0.0002)


CASES = [(name, prepared) for name in OTHERS for prepared in (False, True)]
NAMES = [f"prepared {name}" if prepared else name for name, prepared in CASES]


@pytest.mark.parametrize(("name", "prepared"), CASES, ids=NAMES)
def test_every_runtime_is_measured_or_told_why_not(tmp_path: Path, name: str, *, prepared: bool) -> None:
    """All six named, the usual one first, at one, 32 and 1,000 rows; the choice begins at one row."""
    folder = packaged(tmp_path / "packages", name, prepared=prepared)
    choice = run.tune(folder, rounds=1)
    assert set(choice.measured) | set(choice.left_out) == {"kernel", *TREES, "lleaves", "numpy", "algebra"}
    first, *others = choice.measured
    assert first == usual(load_package(folder).model)
    assert set(others) == OTHERS[name]
    assert all({int(size) for size in times} == set(SIZES) for times in choice.measured.values())
    assert choice.use[0].rows == 1
    for (runtime, form), why in WHY.items():
        if form == name:
            assert choice.left_out[runtime] == why
    found, wanted = (load(folder).score(fresh(prepared=prepared)) for load in (load_tuned, load_package))
    assert disagreement(found, wanted) == ""


@pytest.mark.parametrize(("name", "prepared"), CASES, ids=NAMES)
def test_whoever_is_chosen_answers_as_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, prepared: bool
) -> None:
    """Each runtime taken for every size, on rows it was not measured on: many, few and alone."""
    folder = packaged(tmp_path / "packages", name, prepared=prepared)
    plain, values = load_package(folder), fresh(prepared=prepared)
    for runtime in OTHERS[name]:
        monkeypatch.setattr(run, "choose", lambda measured, usual, taken=runtime: (FromRows(1, taken),))
        run.tune(folder, rounds=1)
        tuned = load_tuned(folder)
        assert isinstance(tuned.model, PreparedModel) == prepared
        assert told(bare(tuned.model)) != told(bare(plain.model))
        for count in (1, 20, len(values)):
            assert disagreement(tuned.score(values[:count]), plain.score(values[:count])) == ""
        for row in values[:9]:
            segment, score = plain.score_row(row)
            assert tuned.score_row(row) == (segment, pytest.approx(score, abs=1e-6))


def test_a_runtime_that_differs_on_one_row_alone_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row goes another way than many; each way is compared."""
    monkeypatch.setattr(AlgebraicCentroids, "score_row", lambda model, row: (0, 0.5))
    choice = run.tune(packaged(tmp_path / "packages", "centroids/1", prepared=False), rounds=1)
    assert "algebra" not in choice.measured
    assert choice.left_out["algebra"].endswith("of 300 segments of the reference are others than the package's alone")


@pytest.mark.parametrize("name", [name for name, others in OTHERS.items() if "algebra" in others])
def test_products_of_matrices_stay_within_bounds(tmp_path: Path, name: str) -> None:
    """Missing, infinite and largest values, which no reference may have: a segment that exists, a score in 0..1."""
    plain = load_package(packaged(tmp_path / "packages", name, prepared=True)).model
    found = engine(plain, "algebra", tmp_path)
    for values in (strange_rows(seed) for seed in range(5)):
        segments, scores = found.score(values)
        assert set(segments.tolist()) <= set(range(SEGMENTS))
        assert ((scores >= 0) & (scores <= 1)).all()


def test_zeros_that_are_missing_have_no_onnx(tmp_path: Path) -> None:
    """Every zero of a row would go the wrong way, whether or not the reference has one."""
    values = np.round(rows(3, 2), 0)
    told = {"zero_as_missing": True, "num_leaves": 4, "min_data_in_leaf": 5, "verbose": -1, "objective": "binary"}
    trained = lightgbm.train(told, lightgbm.Dataset(values, values[:, 0] > 0), 3)
    with pytest.raises(InputInvalid, match="take zeros for missing values"):
        export_onnx(read_tree_text(trained.model_to_string(), 3), tmp_path / "trees.onnx")
    assert not (tmp_path / "trees.onnx").exists()


def fresh(*, prepared: bool) -> Any:
    """Rows that were not measured on."""
    return rows(FEATURES if prepared else COLUMNS, 77)


def told(model: Any) -> list[str]:
    """What a model is made of."""
    parts = (model, getattr(model, "booster", None), getattr(model, "shape", None))
    return [type(part).__name__ for part in parts]
