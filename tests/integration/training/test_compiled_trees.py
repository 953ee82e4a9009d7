"""Trees compiled by lleaves, in the environment the project makes for it."""

from __future__ import annotations

from pathlib import Path

import lightgbm
import numpy as np
import pytest

from strata.processes.environments import NotInstalled
from strata.runtime.choice.compiled_trees import FILE_NAME, CompiledTrees
from training.tune.compile_trees import compile_trees, compiler

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("classes", [1, 3, 6])
def test_compiled_trees_sum_as_lightgbm_does(tmp_path: Path, classes: int) -> None:
    """One row and many, holes and zeros: equal to 1e-12."""
    draws = np.random.default_rng(2)
    values = np.round(draws.normal(size=(300, 4)), 1)
    values[draws.random(values.shape) < 0.1] = np.nan
    labels = draws.integers(0, max(classes, 2), len(values))
    shape = {"objective": "binary"} if classes == 1 else {"objective": "multiclass", "num_class": classes}
    trained = lightgbm.train(
        {**shape, "num_leaves": 7, "verbose": -1, "num_threads": 1, "seed": 1}, lightgbm.Dataset(values, labels), 10
    )
    trained.save_model(tmp_path / "model.txt")
    try:
        compiler()
    except NotInstalled as trouble:
        pytest.skip(f"LLEAVES COULD NOT BE INSTALLED HERE: {trouble}")
    compile_trees(tmp_path / "model.txt", tmp_path / FILE_NAME)
    wanted = np.asarray(trained.predict(values, raw_score=True)).reshape(len(values), -1)
    compiled = CompiledTrees(tmp_path / FILE_NAME, classes)
    np.testing.assert_allclose(compiled.sums(values), wanted, atol=1e-12)
    np.testing.assert_allclose(compiled.sums(values[:1]), wanted[:1], atol=1e-12)
