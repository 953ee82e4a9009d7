"""A search for parameters: seeded, kept trial by trial, resumed where it was killed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_training import RESPONDERS, toy_definition

from strata.errors import DefinitionInvalid
from strata.runtime import FeatureInput
from training.definition import Definition
from training.labels import tune as module
from training.labels.row_folds import row_folds
from training.labels.tune import Tuned, check_ranges, search_scratch, tune
from training.rows import FeatureSchema, Part
from training.scratch import Scratch

SCHEMA = FeatureSchema("toy", tuple(FeatureInput("toy", f"x{i}", "float64") for i in range(3)), {"toy": "0"})
CHANCE = np.random.default_rng(3)
VALUES = CHANCE.normal(size=(300, 3))
PART = Part(VALUES, (VALUES[:, 0] + VALUES[:, 1] * VALUES[:, 2] + CHANCE.normal(size=300) > 0).astype(np.int8))


def _definition(**changes: Any) -> Definition:
    ranges = {"trees": {"low": 2, "high": 20, "whole": True}, "parameters.learning_rate": {"low": 0.01, "high": 0.5}}
    return toy_definition(RESPONDERS, tune={"trials": 14, "parameters": ranges, **changes})


def _tune(definition: Definition, kept: Scratch, said: list[str] | None = None) -> Tuned:
    folds = row_folds(definition, PART, 2).folds
    return tune(definition, SCHEMA, PART, folds, scratch=kept, progress=[].append if said is None else said.append)


def test_a_search_killed_and_started_again_ends_at_the_same_trials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in its 5th and its 12th trial, with a line cut short: parameters and scores equal to the last bit."""
    definition = _definition()
    whole = _tune(definition, Scratch())
    path = tmp_path / "search.jsonl"
    score, calls = module._score, 0

    def killed_at(number: int) -> None:
        def stopping(*arguments: Any) -> float:
            nonlocal calls
            calls += 1
            if calls == number:
                raise KeyboardInterrupt
            return score(*arguments)

        monkeypatch.setattr(module, "_score", stopping)

    for number in (5, 8):
        calls = 0
        killed_at(number)
        with pytest.raises(KeyboardInterrupt):
            _tune(definition, Scratch(path))
        with path.open("a", encoding="utf-8") as file:
            file.write('{"key": "trial 11", "value": {"val')
    assert path.read_text(encoding="utf-8").count("\n") == 4 + 7
    monkeypatch.setattr(module, "_score", score)
    said: list[str] = []
    assert _tune(definition, Scratch(path), said) == whole
    assert len(said) == 3
    assert said[0].startswith("tuning, trial 12 of 14, best 0.")


def test_the_best_trials_parameters_are_in_the_definition() -> None:
    """Keys within keys too; what is not searched stays."""
    tuned = _tune(_definition(trials=3), Scratch())
    section: Any = tuned.definition.algorithm
    assert section.trees == tuned.best.parameters["trees"]
    assert section.parameters["learning_rate"] == tuned.best.parameters["parameters.learning_rate"]
    assert section.parameters["num_leaves"] == 4
    told = tuned.to_json()
    assert told["best"] == max(one["value"] for one in told["history"])
    assert json.loads(json.dumps(told))["trials"] == 3
    assert len({trial.value for trial in tuned.trials}) > 1


def test_another_seed_definition_or_row_is_another_search(tmp_path: Path) -> None:
    """And neither other words nor another budget is."""
    definition = _definition()
    other = Part(PART.values + 1e-9, PART.labels)
    ranges = {"trees": {"low": 2, "high": 30, "whole": True}}
    changed = [
        (_definition(parameters=ranges), PART),
        (definition.model_copy(update={"seed": 8}), PART),
        (definition, other),
    ]
    paths = {search_scratch(tmp_path, *each).path for each in [(definition, PART), *changed]}
    assert len(paths) == 4
    renamed = _definition(trials=99).model_copy(update={"description": "Other words."})
    assert search_scratch(tmp_path, renamed, PART).path in paths
    assert search_scratch(None, definition, PART).path is None


@pytest.mark.parametrize(
    ("ranges", "sentence"),
    [
        ({"branches": {"low": 1, "high": 2}}, "branches: extra inputs"),
        ({"parameters.leafs": {"low": 1, "high": 2}}, "leafs: input should be 'learning_rate'"),
        ({"trees": {"low": 0, "high": 5, "whole": True}}, "trees: input should be greater"),
        ({"trees": {"low": 5, "high": 5, "whole": True}}, r"trees: low is below high.*\(5 to 5 is not\)"),
        ({"parameters.learning_rate": {"low": 0, "high": 1, "log": True}}, "above 0 where log is asked"),
    ],
)
def test_a_range_that_leads_nowhere_is_refused_before_any_trial(ranges: dict[str, Any], sentence: str) -> None:
    """With the key and what it may be."""
    with pytest.raises(DefinitionInvalid, match=sentence):
        check_ranges(_definition(parameters=ranges))
