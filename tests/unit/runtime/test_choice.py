"""The runtime chosen for a package on this host: taken where it holds, and only there."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strata.errors import PackageInvalid
from strata.runtime import load_package
from strata.runtime.choice import Choice, choice_folder, load_tuned
from strata.runtime.choice.by_rows import ByRows
from strata.runtime.choice.centroid_algebra import AlgebraicKMeans, PlainKMeans
from strata.runtime.choice.document import FILE_NAME, FromRows, Runtime, parse_choice, this_host
from strata.runtime.choice.engines import candidates, engine, usual
from strata.runtime.model import Model
from tests.doubles.toy_package import write_toy_promo, write_toy_tiers

ROWS = np.array([[5.0, 5.0], [2.5, 2.5], [np.nan, 1.0], [20.0, 9.0], [0.0, 0.0]])


def keep(folder: Path, **changes: Any) -> Choice:
    """A choice for the package in `folder`, `changes` aside, written beside it."""
    choice = Choice(
        manifest_sha256=load_package(folder).manifest_sha256, host=this_host(), measured_at="2017-12-01T05:00:00Z",
        use=(FromRows(1, usual(load_package(folder).model)), FromRows(3, "algebra")), files={}, measured={},
        left_out={},
    )  # fmt: skip
    choice = replace(choice, **changes)
    choice_folder(folder).mkdir(exist_ok=True)
    (choice_folder(folder) / FILE_NAME).write_bytes(choice.to_json())
    return choice


def test_a_choice_that_holds_is_taken_by_number_of_rows(tmp_path: Path) -> None:
    """From three rows on by algebra, below as usual; the answers are the package's."""
    folder = write_toy_tiers(tmp_path)
    keep(folder)
    package, plain = load_tuned(folder), load_package(folder)
    assert isinstance(package.model, ByRows)
    assert [type(each) for each in package.model.models] == [type(plain.model), AlgebraicKMeans]
    for count in (1, 2, 3, 5):
        segments, scores = package.score(ROWS[:count])
        assert segments.tolist() == plain.score(ROWS[:count]).segment_indexes.tolist()
        np.testing.assert_allclose(scores, plain.score(ROWS[:count]).scores, atol=1e-6)
    assert package.score_row(ROWS[0]) == plain.score_row(ROWS[0])


def test_by_rows_asks_the_runtime_of_that_many_rows() -> None:
    """The border belongs to the runtime that begins there; no rows at all go to the first."""

    class Marked:
        def __init__(self, mark: int) -> None:
            self.mark = mark

        def score(self, values: Any) -> Any:
            return self.mark

        def score_row(self, row: Any) -> Any:
            return self.mark

        def kernel_score(self) -> Any:
            return self.mark

    marked: Any = ByRows((1, 6, 179), (Marked(0), Marked(1), Marked(2)))
    assert [marked.score(np.zeros((rows, 1))) for rows in (0, 1, 5, 6, 178, 179, 9_999)] == [0, 0, 0, 1, 1, 2, 2]
    assert marked.score_row(np.zeros(1)) == marked.kernel_score() == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"manifest_sha256": "0" * 64}, "another manifest"),
        ({"host": replace(this_host(), processor="another")}, "another machine"),
        ({"host": replace(this_host(), numpy="1.0")}, "other libraries"),
        ({"files": {"trees.so": "0" * 64}}, "No such file"),
        ({"use": (FromRows(1, "lightgbm"),)}, "lightgbm scores trees, and this is k-means"),
        ({"use": (FromRows(2, "numpy"),)}, "ascend from 1"),
    ],
)
def test_a_choice_that_does_not_hold_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, changes: dict[str, Any], said: str
) -> None:
    """The package scores as without, and the log says why and what to do."""
    folder = write_toy_tiers(tmp_path)
    keep(folder, **changes)
    with caplog.at_level(logging.WARNING):
        package = load_tuned(folder)
    assert type(package.model) is type(load_package(folder).model)
    assert said in caplog.text
    assert "strata packages tune" in caplog.text


def test_a_changed_file_is_not_loaded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Machine code is compared with its digest before it runs."""
    folder = write_toy_promo(tmp_path)
    keep(folder, use=(FromRows(1, "lleaves"),), files={"trees.so": "0" * 64})
    (choice_folder(folder) / "trees.so").write_bytes(b"not what was measured")
    with caplog.at_level(logging.WARNING):
        load_tuned(folder)
    assert "trees.so is not the file that was measured" in caplog.text


def test_what_others_may_write_to_is_not_loaded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder anyone may write to could hold anyone's machine code."""
    folder = write_toy_tiers(tmp_path)
    keep(folder)
    choice_folder(folder).chmod(0o777)
    with caplog.at_level(logging.WARNING):
        package = load_tuned(folder)
    assert "others may write to it" in caplog.text
    assert not isinstance(package.model, ByRows)


def test_without_a_choice_nothing_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Most packages have none."""
    folder = write_toy_tiers(tmp_path)
    assert load_tuned(folder).manifest == load_package(folder).manifest
    assert not caplog.records


@pytest.mark.parametrize("runtime", ["numpy", "algebra"])
def test_plain_runtimes_answer_as_the_package(tmp_path: Path, runtime: Runtime) -> None:
    """Segments equal, margins within 1e-6, one row as many."""
    plain = load_package(write_toy_tiers(tmp_path)).model
    other: Model = engine(plain, runtime, tmp_path)
    assert isinstance(other, PlainKMeans)
    filled = np.nan_to_num(ROWS)
    assert other.score(filled).segment_indexes.tolist() == plain.score(filled).segment_indexes.tolist()
    np.testing.assert_allclose(other.score(filled).scores, plain.score(filled).scores, atol=1e-6)
    assert other.score_row(filled[0])[0] == plain.score_row(filled[0])[0]
    assert other.kernel_score() is None


def test_trees_by_lightgbm_alone_answer_as_the_package(tmp_path: Path) -> None:
    """The same decision on sums of another hand."""
    plain = load_package(write_toy_promo(tmp_path)).model
    assert candidates(plain)[0] == usual(plain)
    other = engine(plain, "lightgbm", tmp_path)
    rows = np.array([[0.0], [1.0], [3.0], [np.nan]])
    assert other.score(rows).segment_indexes.tolist() == plain.score(rows).segment_indexes.tolist() == [2, 1, 0, 2]
    assert other.score_row(rows[2]) == plain.score_row(rows[2])


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_garbage_is_one_sentence(raw: bytes) -> None:
    """Whatever choice.json holds, it is refused, never a crash."""
    with pytest.raises(PackageInvalid, match=FILE_NAME):
        parse_choice(raw)


def test_a_choice_is_read_as_it_was_written(tmp_path: Path) -> None:
    """And a file name that leaves its folder is refused."""
    folder = write_toy_tiers(tmp_path)
    choice = keep(folder)
    assert parse_choice(choice.to_json()) == choice
    document = asdict(choice) | {"files": {"../trees.so": "0" * 64}}
    with pytest.raises(PackageInvalid, match="outside its folder"):
        parse_choice(json.dumps(document).encode())
