"""Nested folds: what is judged was neither fitted nor tuned on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_training import RESPONDERS, toy_definition

from strata.runtime import FeatureInput
from training.labels import nested as module
from training.labels.nested import nested_judgement
from training.rows import FeatureSchema, Part

SCHEMA = FeatureSchema("toy", tuple(FeatureInput("toy", f"x{i}", "float64") for i in range(3)), {"toy": "0"})
CHANCE = np.random.default_rng(3)
GROUPS = np.arange(240) // 2
VALUES = np.column_stack([CHANCE.normal(size=(240, 2)), GROUPS])
PART = Part(VALUES, (VALUES[:, 0] + CHANCE.normal(size=240) > 0).astype(np.int8), GROUPS)
TUNE = {"trials": 2, "parameters": {"trees": {"low": 2, "high": 20, "whole": True}}}


def _definition(**changes: Any) -> Any:
    return toy_definition(RESPONDERS, judge={"resamples": 50}, **changes)


def test_a_search_never_sees_what_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups of the outer fold's judged rows are in no inner fold, and inner folds keep groups whole."""
    seen: list[tuple[set[float], list[tuple[set[float], set[float]]]]] = []
    real = module.tune

    def spied(definition: Any, schema: Any, part: Part, folds: Any, **more: Any) -> Any:
        groups = part.values[:, 2]
        sides = [(set(groups[fold.train].tolist()), set(groups[fold.test].tolist())) for fold in folds]
        seen.append((set(groups.tolist()), sides))
        return real(definition, schema, part, folds, **more)

    monkeypatch.setattr(module, "tune", spied)
    found = nested_judgement(_definition(tune=TUNE), SCHEMA, PART, outer=3, inner=2)
    assert len(seen) == len(found.per_fold) == 3
    for number, (learned, sides) in enumerate(seen):
        assert len(learned) == 120 - found.per_fold[number]["test"] / 2
        assert all(not one & other and one | other == learned for one, other in sides)
    assert set.union(*(set(range(120)) - learned for learned, _ in seen)) == set(range(120))


def test_a_killed_judgement_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped in its second fold: the same figures as in one go, and the trials before are not made again."""
    definition = _definition(tune=TUNE)
    whole = nested_judgement(definition, SCHEMA, PART, outer=3, inner=2).to_json()
    said: list[str] = []

    def stop(stage: str) -> None:
        said.append(stage)
        if stage.startswith("fold 2 of 3: tuning, trial 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nested_judgement(definition, SCHEMA, PART, outer=3, inner=2, scratch=tmp_path, progress=stop)
    said.clear()
    again = nested_judgement(definition, SCHEMA, PART, outer=3, inner=2, scratch=tmp_path, progress=said.append)
    assert again.to_json() == whole
    assert next(stage for stage in said if "tuning" in stage).startswith("fold 2 of 3: tuning, trial 2 of 2")


def test_means_lie_among_their_folds_and_pooled_rows_are_each_judged_once() -> None:
    """Without a search too; the figure is above chance, and its interval holds it."""
    found = nested_judgement(_definition(), SCHEMA, PART, outer=4)
    told = found.to_json()
    folds = [fold["roc_auc"] for fold in told["per_fold"]]
    assert told["roc_auc"]["value"] == pytest.approx(np.mean(folds))
    assert told["roc_auc"]["low"] < told["roc_auc"]["value"] < told["roc_auc"]["high"]
    assert told["pooled"]["roc_auc"]["value"] > 0.6
    assert sum(fold["test"] for fold in told["per_fold"]) == 240
    assert np.isfinite(found.scores).all()
    assert "parameters" not in told["per_fold"][0]
