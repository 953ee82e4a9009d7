"""Models: what they refuse, and that they may be scored from many threads."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toy_package import TOY_TREES, write_toy_promo, write_toy_tiers

from strata.errors import PackageInvalid
from strata.runtime import load_package
from strata.runtime.boosted import boosted_document, read_boosted
from strata.runtime.booster import Booster
from strata.runtime.calibration import Isotonic, Platt, read_calibration
from strata.runtime.kmeans import FeatureScale, read_kmeans, squared_distances

SCALE = {"missing": 0.0, "knots": [0.0, 1.0], "levels": [0.0, 1.0]}
KMEANS: dict[str, Any] = {"scales": [SCALE], "centroids": [[0.0], [1.0]]}
BOOSTED = boosted_document(Platt(1.0, 0.0), [0.3, 0.7], [2, 1, 0])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"centroids": [[0.0], [float("nan")]]}, "the centroids: not every number is finite"),
        ({"centroids": [[0.0, 1.0], [1.0, 2.0]]}, r"the centroids: rows of 1 numbers are needed"),
        ({"centroids": [[0.0]]}, "1 centroids for 2 segments"),
        ({"centroids": "many"}, "the centroids: not an array"),
        ({"scales": []}, "one scale for each of its 1 features"),
        ({"scales": [{**SCALE, "knots": [1.0, 0.0]}]}, "knots are out of order"),
        ({"scales": [{**SCALE, "levels": [1.0]}]}, "a feature's levels: 2 numbers are needed"),
        ({"scales": [{**SCALE, "missing": None}]}, "fill value: not every number is finite"),
        ({"scales": [3]}, "not an object"),
    ],
)
def test_a_wrong_kmeans_part_is_refused(change: dict[str, Any], sentence: str) -> None:
    """Shapes, order and finiteness are checked, each with its sentence."""
    with pytest.raises(PackageInvalid, match=sentence):
        read_kmeans({**copy.deepcopy(KMEANS), **change}, feature_count=1, segment_count=2)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"thresholds": [0.7, 0.3]}, "ascend inside"),
        ({"thresholds": [0.3]}, "the thresholds: 2 numbers are needed"),
        ({"thresholds": [0.0, 0.3]}, "ascend inside"),
        ({"bands": [0, 0, 1]}, "name each segment"),
        ({"calibration": {"kind": "magic"}}, "calibration kind 'magic' is not known"),
        ({"calibration": {"kind": "platt", "slope": -1.0, "offset": 0.0}}, "negative slope"),
        ({"calibration": {"kind": "isotonic", "raw": [1, 0], "probability": [0, 1]}}, "out of order"),
        ({"calibration": {"kind": "isotonic", "raw": [0, 1], "probability": [0, 2]}}, r"leave \[0, 1\]"),
    ],
)
def test_a_wrong_boosted_part_is_refused(change: dict[str, Any], sentence: str) -> None:
    """Thresholds, bands and calibration are checked before the trees are loaded."""
    with pytest.raises(PackageInvalid, match=sentence):
        read_boosted({**BOOSTED, **change}, TOY_TREES, feature_count=1, segment_count=3)


def test_trees_of_another_width_are_refused() -> None:
    """A model that reads one feature does not fit two."""
    with pytest.raises(PackageInvalid, match="reads 0 as its last feature; the manifest lists 2"):
        Booster(TOY_TREES, 2)


def test_text_that_is_no_model_never_reaches_the_parser() -> None:
    """Cut short, or something else."""
    for text in ("", "tree\n", "hello", TOY_TREES[:300]):
        with pytest.raises(PackageInvalid, match="not LightGBM's text format, or is cut short"):
            Booster(text, 1)


@given(st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_one_value_is_scaled_as_a_column_is(knots: int, seed: int) -> None:
    """The quick way for one row equals numpy's interpolation bit for bit: between, on and outside knots, missing."""
    rng = np.random.default_rng(seed)
    scale = FeatureScale(0.5, np.unique(rng.normal(size=knots)), np.zeros(0))
    scale = FeatureScale(0.5, scale.knots, np.sort(rng.random(len(scale.knots))))
    column = np.concatenate([rng.normal(size=30) * 2, scale.knots, [np.nan, np.inf, -np.inf]])
    assert [scale.apply_one(value) for value in column.tolist()] == scale.apply(column).tolist()


@given(st.integers(2, 9), st.integers(1, 14), st.integers(0, 2**32 - 1))
def test_one_row_is_placed_as_in_a_batch(k: int, width: int, seed: int) -> None:
    """The same segments; margins equal but for the order in which a product of matrices may sum."""
    rng = np.random.default_rng(seed)
    scales = [{**SCALE, "missing": rng.random(), "levels": sorted(rng.random(2))} for _ in range(width)]
    document = {"scales": scales, "centroids": rng.random((k, width)).tolist()}
    model = read_kmeans(document, feature_count=width, segment_count=k)
    rows = np.where(rng.random((20, width)) < 0.2, np.nan, rng.normal(size=(20, width)))
    indexes, margins = model.score(rows)
    ones = [model.score(rows[i : i + 1]) for i in range(len(rows))]
    assert [one.segment_indexes.tolist() for one in ones] == indexes.reshape(-1, 1).tolist()
    np.testing.assert_allclose(np.concatenate([one.scores for one in ones]), margins, atol=1e-6)
    assert {(one.segment_indexes.dtype, one.scores.dtype) for one in ones} == {(indexes.dtype, margins.dtype)}


@pytest.mark.parametrize("one", [Platt(1.5, -0.25), Isotonic(np.array([-1.0, 0.0, 2.0]), np.array([0.1, 0.1, 0.8]))])
def test_one_score_is_calibrated_as_in_a_batch(one: Platt | Isotonic) -> None:
    """Bit for bit, far outside too."""
    raw = np.concatenate([np.random.default_rng(5).normal(size=2_000) * 9, [-1e9, -1.0, 0.0, 1e9, np.inf, -np.inf]])
    assert [one.apply_one(each) for each in raw.tolist()] == one.apply(raw).tolist()


def test_a_split_between_missing_and_present_is_a_tree() -> None:
    """LightGBM writes its threshold as inf: every number goes left, and so does missing where it says so."""
    text = TOY_TREES.replace("threshold=0.5 2.5", "threshold=inf 2.5")
    assert Booster(text, 1).raw(np.array([[1.0], [9.0]])).tolist() == pytest.approx([log(1 / 9)] * 2)


def test_calibrations_go_round_by_json() -> None:
    """What is written is read back, number for number."""
    raw = np.linspace(-4, 4, 9)
    for one in (Platt(1.5, -0.25), Isotonic(np.array([-1.0, 0.0, 2.0]), np.array([0.1, 0.1, 0.8]))):
        again = read_calibration(json.loads(json.dumps(one.to_json())))
        assert again.apply(raw).tolist() == one.apply(raw).tolist()
    assert Platt(1.0, 0.0).apply(np.array([1e9, -1e9, log(9)])).tolist() == pytest.approx([1.0, 0.0, 0.9])


@given(st.integers(1, 30), st.integers(2, 6), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_distances_equal_the_plain_definition(rows: int, k: int, width: int, seed: int) -> None:
    """The expanded square differs from the plain sum by rounding only, and is never negative."""
    rng = np.random.default_rng(seed)
    points, centroids = rng.normal(size=(rows, width)), rng.normal(size=(k, width))
    plain = ((points[:, None, :] - centroids[None]) ** 2).sum(axis=2)
    found = squared_distances(points, centroids)
    np.testing.assert_allclose(found, plain, atol=1e-12)
    assert (squared_distances(centroids, centroids) >= 0).all()


def test_many_threads_get_the_answers_of_one(tmp_path: Path) -> None:
    """Eight threads, single rows and batches mixed, on one package."""
    package = load_package(write_toy_promo(tmp_path))
    rows = np.random.default_rng(0).integers(0, 6, (400, 1)).astype(np.float64)
    expected = package.score(rows)

    def work(offset: int) -> bool:
        alone = [package.score(rows[i : i + 1]) for i in range(offset, len(rows), 8)]
        whole = package.score(rows)
        same = [int(one.segment_indexes[0]) for one in alone] == expected.segment_indexes[offset::8].tolist()
        return same and whole.scores.tolist() == expected.scores.tolist()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(["tiers", "promo"]))
def test_any_changed_byte_of_any_file_is_a_sentence(tmp_path: Path, data: st.DataObject, kind: str) -> None:
    """Cut, flipped or replaced anywhere: PackageInvalid in one line, or (for a space in the JSON) the same answers."""
    folder = (write_toy_tiers if kind == "tiers" else write_toy_promo)(tmp_path / data.draw(st.uuids()).hex)
    path = data.draw(st.sampled_from(sorted(folder.iterdir())))
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    how = data.draw(st.sampled_from(["cut", "flip", "garbage"]))
    damaged = {
        "cut": bytes(content[:at]),
        "flip": bytes(content[:at]) + bytes([content[at] ^ 0x41]) + bytes(content[at + 1 :]),
        "garbage": data.draw(st.binary(max_size=200)),
    }[how]
    path.write_bytes(damaged)
    try:
        package = load_package(folder)
    except PackageInvalid as error:
        sentence = str(error)
        assert "\n" not in sentence
    else:
        # created_at is the one part of the manifest that no hash holds: a changed digit in it is still a manifest.
        assert path.name == "manifest.json"
        assert package.score(np.zeros((1, len(package.defaults)))).segment_indexes.size == 1


def test_loading_and_scoring_import_no_training_library(tmp_path: Path) -> None:
    """A fresh process that scores trees has imported neither lightgbm nor scikit-learn, pandas, scipy or pyarrow."""
    folder = write_toy_promo(tmp_path)
    code = (
        "import sys, numpy as np; from pathlib import Path; from strata.runtime import load_package\n"
        f"assert load_package(Path({str(folder)!r})).score(np.zeros((1, 1))).segment_indexes[0] == 2\n"
        "print([n for n in ('lightgbm','sklearn','scipy','pandas','pyarrow','bentoml','feast') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
