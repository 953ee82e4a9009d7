"""Packages: what loads, what it answers, and the sentence when it does not load."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from toy_package import toy_catalog, write_toy_promo, write_toy_tiers

from strata.errors import InputInvalid, PackageInvalid, PackageMismatch, SegmenterNotFound
from strata.runtime import check_against, find_package, list_versions, load_package

NAN = float("nan")


def test_tiers_answer_with_the_nearest_centroid_and_its_margin(tmp_path: Path) -> None:
    """A row on a centroid has margin 1, a row on a border margin 0, and missing counts as declared."""
    package = load_package(write_toy_tiers(tmp_path))
    indexes, margins = package.score(np.array([[5.0, 5.0], [2.5, 2.5], [99.0, 99.0], [NAN, NAN]]))
    assert indexes.tolist() == [1, 0, 2, 0]
    assert margins.tolist() == [1.0, 0.0, 1.0, 1.0]
    assert (indexes.dtype, margins.dtype) == (np.int32, np.float32)


def test_promo_answers_with_probability_and_band(tmp_path: Path) -> None:
    """Batches, single rows and no rows at all give the same answers, in vocabulary positions."""
    package = load_package(write_toy_promo(tmp_path))
    rows = np.array([[0.0], [1.0], [3.0], [NAN]])
    indexes, scores = package.score(rows)
    assert indexes.tolist() == [2, 1, 0, 2]
    np.testing.assert_allclose(scores, [0.1, 0.5, 0.9, 0.1], rtol=1e-6)
    singles = [package.score(rows[i : i + 1]) for i in range(len(rows))]
    assert [int(one.segment_indexes[0]) for one in singles] == indexes.tolist()
    assert [float(one.scores[0]) for one in singles] == scores.tolist()
    assert len(package.score(rows[:0]).scores) == 0


def test_scoring_leaves_the_callers_matrix_alone(tmp_path: Path) -> None:
    """The matrix may be logged after scoring: missing stays NaN in it."""
    rows = np.array([[NAN, 1.0]])
    load_package(write_toy_tiers(tmp_path)).score(rows)
    assert np.isnan(rows[0, 0])


@pytest.mark.parametrize("write", [write_toy_tiers, write_toy_promo])
def test_the_matrix_may_lie_in_any_order_in_memory(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    """Column-ordered, strided and float32 matrices get the answers of the row-ordered one."""
    package = load_package(write(tmp_path))
    width = len(package.defaults)
    rows = np.random.default_rng(1).integers(0, 5, (40, width)).astype(np.float64)
    expected = package.score(rows)
    for other in (np.asfortranarray(rows), np.repeat(rows, 2, axis=1)[:, ::2], rows.astype(np.float32)):
        np.testing.assert_array_equal(package.score(other).segment_indexes, expected.segment_indexes)
        np.testing.assert_array_equal(package.score(other).scores, expected.scores)


def test_a_matrix_of_another_width_is_refused(tmp_path: Path) -> None:
    """The sentence gives both widths."""
    package = load_package(write_toy_promo(tmp_path))
    with pytest.raises(InputInvalid, match=r"rows of 1 features; shape \(1, 2\)"):
        package.score(np.zeros((1, 2)))


def test_the_same_content_has_the_same_version(tmp_path: Path) -> None:
    """Writing twice gives one version; another description gives another."""
    first, again = write_toy_tiers(tmp_path), write_toy_tiers(tmp_path)
    other = write_toy_tiers(tmp_path, description="Other words.")
    assert first == again != other
    assert list_versions(tmp_path, "toy_tiers") == sorted({first.name, other.name})
    assert find_package(tmp_path, "toy_tiers") == other
    assert find_package(tmp_path, "toy_tiers", first.name) == first


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    """An unknown segmenter lists the known ones, an unknown version the known versions."""
    version = write_toy_tiers(tmp_path).name
    with pytest.raises(SegmenterNotFound, match="served here: toy_tiers"):
        find_package(tmp_path, "nobody")
    with pytest.raises(PackageInvalid, match=f"no version '000000000000'.*versions there: {version}"):
        find_package(tmp_path, "toy_tiers", "000000000000")


def _drop(folder: Path) -> None:
    (folder / "model.txt").unlink()


def _cut(folder: Path) -> None:
    content = (folder / "model.txt").read_bytes()
    (folder / "model.txt").write_bytes(content[: len(content) // 2])


def _cut_manifest(folder: Path) -> None:
    content = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json").write_bytes(content[: len(content) // 2])


def _edit(key: str, value: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        manifest[key] = value
        (folder / "manifest.json").write_text(json.dumps(manifest))

    return change


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (_drop, "model.txt is missing"),
        (_cut, "model.txt is not the file the manifest lists"),
        (_cut_manifest, "manifest.json is not JSON"),
        (_edit("format", "strata-package/9"), "this Strata reads 'strata-package/1'"),
        (_edit("surprise", 1), "surprise"),
        (_edit("vocabulary", []), "the fallback segment is not in the vocabulary"),
        (_edit("description", "Changed."), "changed after training"),
        (_edit("schema_fingerprint", "0" * 16), "schema fingerprint"),
        (_edit("files", {"../../etc/passwd": "0"}), "changed after training"),
    ],
)
def test_a_damaged_package_is_refused_in_a_sentence(
    tmp_path: Path, damage: Callable[[Path], None], sentence: str
) -> None:
    """Each kind of damage says what is wrong and where."""
    folder = write_toy_promo(tmp_path)
    damage(folder)
    with pytest.raises(PackageInvalid, match=sentence) as caught:
        load_package(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_package_matches_the_registry_it_was_trained_on(tmp_path: Path) -> None:
    """No difference, no error."""
    for folder in (write_toy_tiers(tmp_path), write_toy_promo(tmp_path)):
        check_against(load_package(folder).manifest, toy_catalog())


def test_every_difference_from_the_registry_is_named(tmp_path: Path) -> None:
    """A changed view, a dropped feature, a new one: all of them in one sentence."""
    manifest = load_package(write_toy_tiers(tmp_path)).manifest
    catalog = toy_catalog()
    catalog.services["toy_tiers"] = type(catalog.services["toy_tiers"])((("toy", "spend"), ("toy", "visits")))
    catalog.views["toy"] = type(catalog.views["toy"])("ffffffffffffffff")
    with pytest.raises(PackageMismatch) as caught:
        check_against(manifest, catalog)
    assert caught.value.differences == [
        "toy:orders is no longer in toy_tiers",
        "toy:visits is new in toy_tiers",
        "view toy is defined differently (ffffffffffffffff, trained on 00112233445566ff)",
    ]


def test_reordered_and_absent_services_are_differences(tmp_path: Path) -> None:
    """The order of a service's features is part of what a package was trained on."""
    manifest = load_package(write_toy_tiers(tmp_path)).manifest
    catalog = toy_catalog()
    service = catalog.services["toy_tiers"]
    catalog.services["toy_tiers"] = type(service)(service.features[::-1])
    with pytest.raises(PackageMismatch, match="another order, from toy:orders on"):
        check_against(manifest, catalog)
    del catalog.services["toy_tiers"]
    del catalog.views["toy"]
    with pytest.raises(PackageMismatch, match=r"service toy_tiers is not in the registry; view toy is not"):
        check_against(manifest, catalog)
