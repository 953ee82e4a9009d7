"""The lab's commands, on few users and one table."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.doubles.shared_data import shared_file
from training.lab.data_sets import LOADERS, RETAIL_FILES
from training.lab.isolated import run_alone
from training.lab.published import FLOORS, MEASURES, PUBLISHED
from training.lab.scale import ALGORITHMS
from training.lab.subjects import JOURNEY, Subject, define, subjects
from training.prepare.names import check_names
from training.rows import FeatureSchema
from training.tables import gather_table

pytestmark = pytest.mark.integration


@cache
def _schema(table: str, folder: Path) -> FeatureSchema:
    found = LOADERS[table](folder)
    return gather_table(found.name, found.features, found.labels, found.groups, found.test, seed=1).rows.schema


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_simulated_users_are_learned_from(tmp_path: Path, algorithm: str) -> None:
    """Every one of them, in a process whose peak of memory is above that of its rows."""
    found = run_alone("training.lab.scale", algorithm, "10000", "12", str(tmp_path))
    assert (found["algorithm"], found["users"], found["features"]) == (algorithm, 10_000, 12)
    assert found["peak_memory_mb"] >= found["rows_mb"] > 0
    assert found["metrics"]["roc_auc" if algorithm == "lightgbm" else "silhouette"] > 0


def test_an_algorithm_on_a_real_table(tmp_path: Path) -> None:
    """Printed, and as JSON with the keys docs/lab.md names; the export answers as the library."""
    folder = shared_file(RETAIL_FILES[0]).parents[1]
    command = [sys.executable, "-m", "strata.command", "lab", "algorithms", "--only", "kmeans@online_retail"]
    done = subprocess.run(
        [*command, "--data", str(folder), "--json", str(tmp_path / "lab.json")],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "online_retail" in done.stdout
    (found,) = json.loads((tmp_path / "lab.json").read_text())["subjects"]
    assert found.keys() == {
        "algorithm", "table", "rows", "features", "segments", "quality", "training_s", "judging_s", "peak_memory_mb",
        "memory_before_mb", "package_bytes", "latency_us_1", "latency_us_500", "export_segments_differ",
        "export_difference",
    }  # fmt: skip
    assert found["rows"] == 5_942
    assert found["export_segments_differ"] == 0
    assert found["export_difference"] < 1e-6


@pytest.mark.parametrize("subject", [each for each in subjects() if each.table != JOURNEY], ids=lambda each: each.name)
def test_every_definition_names_what_its_table_has(subject: Subject) -> None:
    """The shipped files name features of the demonstration's, which other tables lack."""
    folder = shared_file(RETAIL_FILES[0]).parents[1]
    check_names(define(subject), _schema(subject.table, folder))


@pytest.mark.parametrize("only", ["kmean", "ward,kmean"])
def test_a_subject_that_is_none_is_named(only: str) -> None:
    """With those there are, beside one that is there too."""
    done = subprocess.run(
        [sys.executable, "-m", "strata.command", "lab", "algorithms", "--only", only],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--only 'kmean' names none of" in done.stderr


def test_every_published_figure_has_a_floor() -> None:
    """And a reference."""
    assert set(MEASURES) == set(FLOORS) == set(PUBLISHED)
