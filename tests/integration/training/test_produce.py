"""A whole training on the toy world: determinism, export parity, gates, pages, and what a kill leaves."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from toy_training import NOW_US, RESPONDERS, TIERS, USERS, ToyReader, toy_definition, toy_sources

from strata.errors import AlreadyRunning, PackageInvalid
from strata.events import DAY_US
from strata.one_holder import hold
from strata.runtime import find_package, list_versions, load_package
from training.fitting import fit
from training.gather import gather
from training.produce import Produced, produce

pytestmark = pytest.mark.integration


def _produce(home: Path, document: dict[str, object], **changes: object) -> Produced:
    definition = toy_definition(document, **changes)
    return produce(definition, toy_sources(home / "history"), packages=home / "packages", as_of_us=NOW_US)


@pytest.mark.parametrize("document", [TIERS, RESPONDERS], ids=["kmeans", "lightgbm"])
def test_the_same_data_code_and_seed_give_the_same_version(tmp_path: Path, document: dict[str, object]) -> None:
    """Twice in different homes: same version. Another seed: another version."""
    first, again = (_produce(tmp_path / name, document) for name in ("a", "b"))
    assert first.manifest.version == again.manifest.version
    assert first.folder != again.folder
    assert _produce(tmp_path / "a", document, seed=8).manifest.version != first.manifest.version
    assert (tmp_path / "a" / "packages" / first.manifest.segmenter / "LATEST").exists()


@pytest.mark.parametrize("document", [TIERS, RESPONDERS], ids=["kmeans", "lightgbm"])
def test_a_stored_package_answers_as_the_library_that_trained_it(tmp_path: Path, document: dict[str, object]) -> None:
    """On rows it never saw: the same segments, scores within 1e-6, one row at a time and all at once."""
    definition, sources = toy_definition(document), toy_sources(tmp_path / "history")
    package = load_package(_produce(tmp_path, document).folder)
    fitted = fit(definition, gather(definition, sources.reader, sources.history, NOW_US).rows)
    values = ToyReader().matrix("toy", USERS * 4, np.repeat(NOW_US - np.arange(4) * 3 * DAY_US, len(USERS)))
    values[::7, 1] = np.nan
    theirs, ours = fitted.answers(values), package.score(values)
    np.testing.assert_array_equal(ours.segment_indexes, theirs.segment_indexes)
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-6)
    one_by_one = [package.score(values[i : i + 1]) for i in range(200)]
    assert [int(one.segment_indexes[0]) for one in one_by_one] == ours.segment_indexes[:200].tolist()
    assert [float(one.scores[0]) for one in one_by_one] == ours.scores[:200].tolist()


def test_the_reference_is_the_accepted_sample_without_users(tmp_path: Path) -> None:
    """Every user of the day, features and answers, null where missing, and no id anywhere."""
    made = _produce(tmp_path, TIERS)
    table = pq.read_table(made.folder / "reference.parquet")
    assert table.column_names == [*made.manifest.feature_keys, "segment", "score"]
    assert table.num_rows == len(USERS)
    assert table.column("toy:recency").null_count > 0
    assert set(table.column("segment").to_pylist()) == {entry.key for entry in made.manifest.vocabulary}


@pytest.mark.parametrize("document", [TIERS, RESPONDERS], ids=["kmeans", "lightgbm"])
def test_the_page_is_one_file_with_its_figures_inside(tmp_path: Path, document: dict[str, object]) -> None:
    """Headline sentences, pictures inside, nothing fetched from elsewhere; the JSON has the same figures."""
    made = _produce(tmp_path, document)
    page = (made.folder / "evaluation.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 4
    assert "http" not in page
    assert "<script" not in page
    words = re.sub(r"base64,[^\"]*", "", page)
    assert all(user not in words for user in USERS)
    told = json.loads((made.folder / "evaluation.json").read_text(encoding="utf-8"))
    assert f"version {made.manifest.version}," in page
    assert told["version"] == made.manifest.version == made.folder.name
    assert told["metrics"] == made.manifest.metrics
    assert told["headline"] == made.evaluation.headline
    assert (made.folder / "evaluation.html").stat().st_size < 1_000_000
    assert f"# {made.manifest.segmenter} {made.manifest.version}\n" in (made.folder / "model_card.md").read_text(
        "utf-8"
    )


def test_a_missed_gate_stores_nothing(tmp_path: Path) -> None:
    """The reason has both numbers; the version before stays the latest; the report is kept, its files are not."""
    kept = _produce(tmp_path, TIERS)
    made = _produce(tmp_path, TIERS, gates={"silhouette": 0.99}, seed=9)
    assert made.decision.verdict == "reject"
    assert re.fullmatch(r"silhouette is 0\.\d+, at least 0\.99 is asked", made.decision.reasons[0])
    assert find_package(tmp_path / "packages", "toy_tiers") == kept.folder
    assert list_versions(tmp_path / "packages", "toy_tiers") == [kept.manifest.version]
    assert made.folder == tmp_path / "packages" / "toy_tiers" / "rejected" / made.manifest.version
    assert {path.name for path in made.folder.iterdir()} == {"evaluation.html", "evaluation.json", "model_card.md"}


def test_two_trainings_of_one_segmenter_do_not_mix(tmp_path: Path) -> None:
    """The second is told so at once."""
    folder = tmp_path / "packages" / "toy_tiers"
    folder.mkdir(parents=True)
    with hold(folder / ".lock", str), pytest.raises(AlreadyRunning, match=f"{os.getpid()}.*training toy_tiers"):
        _produce(tmp_path, TIERS)


def test_a_damaged_version_is_mended_by_training_again(tmp_path: Path) -> None:
    """Same version, whole files; the damaged folder is gone."""
    made = _produce(tmp_path, RESPONDERS)
    (made.folder / "model.txt").write_text("tree\n", encoding="utf-8")
    with pytest.raises(PackageInvalid, match=r"model\.txt is not the file"):
        load_package(made.folder)
    assert _produce(tmp_path, RESPONDERS).folder == made.folder
    load_package(made.folder)
    assert [p.name for p in made.folder.parent.iterdir() if p.name.startswith(".pending")] == []
