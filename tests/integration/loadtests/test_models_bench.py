"""`strata bench models` from start to end, as short as it can be. No figure is judged."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from tree_manifests import tree_manifest
from typer.testing import CliRunner

from loadtests import cli
from loadtests.models import plan
from strata.runtime import write_package
from strata.runtime.boosted import MODEL_FILE, boosted_document
from strata.runtime.calibration import Platt

pytestmark = pytest.mark.integration

TINY = plan.Plan(rounds=2, seconds=0.01, sizes=(1, 20), classes=3, boosting_rounds=3, leaves=5)


def write_home(home: Path) -> None:
    """One package of trees, with the rows it was accepted with."""
    chance = np.random.default_rng(4)
    values = chance.gamma(2.0, size=(300, 4))
    values[chance.random(values.shape) < 0.1] = np.nan
    labels = (np.nan_to_num(values[:, 0]) > 2).astype(int)
    chosen = {"objective": "binary", "num_leaves": 5, "verbose": -1, "num_threads": 1}
    booster = lightgbm.train(chosen, lightgbm.Dataset(values, labels), 5)
    columns: dict[str, Any] = {f"toy:f{one}": pa.array(values[:, one], from_pandas=True) for one in range(4)}
    reference = io.BytesIO()
    pq.write_table(pa.table(columns | {"segment": ["s0"] * 300}), reference)
    manifest = tree_manifest(4, 3, boosted_document(Platt(1.0, 0.0), [0.3, 0.7], [2, 1, 0]), "calibrated_probability")
    files = {MODEL_FILE: booster.model_to_string().encode(), "reference.parquet": reference.getvalue()}
    write_package(home / "packages", manifest, files)


def bench(home: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    settings = home.parent / "strata.yaml"
    settings.write_text(yaml.safe_dump({"home": str(home), "repo": str(home)}))
    monkeypatch.setenv("STRATA_SETTINGS", str(settings))
    monkeypatch.setattr(plan, "QUICK", TINY)
    return CliRunner().invoke(cli.app, ["bench", "models", "--quick", *words])


def test_both_models_are_measured_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three engines on two models and two sizes; the same figures on the page and in the file."""
    write_home(tmp_path / "home")
    written = tmp_path / "deep" / "models.json"
    done = bench(tmp_path / "home", monkeypatch, "--json", str(written))
    assert done.exit_code == 0, done.output
    document = json.loads(written.read_text())
    assert [(one["name"], one["trees"], one["outputs"]) for one in document["models"]] == [
        ("binary", 5, 1), ("3 classes", 9, 3),
    ]  # fmt: skip
    cells = {(one["model"], one["rows_per_call"], one["engine"]) for one in document["rows"]}
    engines = ("ours", "booster", "c_api")
    prepared = [one["name"] for one in document["prepared"]]
    assert cells == {
        *((name, rows, one) for name in ("binary", "3 classes") for rows in (1, 20) for one in engines),
        *((name, rows, "ours") for name in prepared for rows in (1, 20)),
    }
    assert [name.partition(",")[0] for name in prepared] == [
        "centroids/1", "mixture/1", "mixture/1", "neighbours/1", "linear/1", "linear-classes/1",
    ]  # fmt: skip
    assert document["prepared"][0] == {"name": "centroids/1", "features": 4, "steps": 8, "columns": 4}
    assert all(one["wall_us_per_row"]["least"] > 0 for one in document["rows"])
    assert len(document["ratios"]) == 2 * 2 * 2 * 2
    assert document["command"] == "strata bench models --quick"
    assert "| 3 classes | 20 | Booster.predict |" in done.stdout
    assert "| linear-classes/1 | 4 | 8 | 4 |" in done.stdout


def test_a_home_without_trees_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing, and the command that makes it."""
    (tmp_path / "home" / "packages").mkdir(parents=True)
    done = bench(tmp_path / "home", monkeypatch)
    assert "has no package of boosted trees; prepare the home with `strata up --prepare-only`" in str(done.exception)
