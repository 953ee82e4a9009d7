"""Rows a model was fitted on are traced to the training rows; resampled with the rows that judge, they are caught."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_training import NOW_US, RESPONDERS, ToyReader, toy_definition, toy_sources

from training.definition import Definition
from training.gather import gather
from training.labels.balanced_leaks import balanced_leaks
from training.labels.learn import Learned, learn
from training.prepare.resample import balance
from training.rows import Part, TrainingRows

World = tuple[Definition, TrainingRows, Learned, list[Part]]


def _world(tmp_path: Path, way: str, **changes: Any) -> World:
    """Toy features with a digit nobody else has: two users alike would be copies of one another."""
    definition = toy_definition(RESPONDERS, balance=way, **changes)
    rows = gather(definition, ToyReader(), toy_sources(tmp_path).history, NOW_US).rows
    assert rows.validation is not None
    assert rows.test is not None
    rng = np.random.default_rng(1)
    for part in (rows.train, rows.validation, rows.test):
        part.values[:, 2] += rng.random(len(part.values))
    return definition, rows, learn(definition, rows.schema, rows.train), [rows.validation, rows.test]


@pytest.mark.parametrize("way", ["smote", "under"])
def test_resampling_inside_the_training_rows_passes(tmp_path: Path, way: str) -> None:
    """As a training does it."""
    definition, rows, learned, judged = _world(tmp_path, way)
    (check,) = balanced_leaks(definition, learned, judged)
    assert check.passed
    assert f"come from the {len(rows.train.labels):,} training rows alone" in check.statement
    assert ("(0 of them synthetic)" in check.statement) == (way == "under")


@pytest.mark.parametrize("way", ["none", "class_weights"])
def test_nothing_resampled_is_nothing_to_check(tmp_path: Path, way: str) -> None:
    """Weights move no row."""
    definition, _, learned, judged = _world(tmp_path, way)
    assert balanced_leaks(definition, learned, judged) == []


def test_smote_over_all_rows_is_caught(tmp_path: Path) -> None:
    """Made up with the validation rows among the neighbours, and those taken out again afterwards."""
    definition, rows, learned, judged = _world(tmp_path, "smote")
    prepared = [learned.preparation.training, *(learned.preparation.apply(part.values) for part in judged)]
    labels = np.concatenate([rows.train.labels, *(part.labels for part in judged)])
    made = balance("smote", np.vstack(prepared), labels, (), seed=1)
    kept = np.r_[np.arange(len(rows.train.labels)), np.arange(len(labels), len(made.labels))]
    (check,) = balanced_leaks(definition, replace(learned, rows=replace(made, values=made.values[kept])), judged)
    assert not check.passed
    assert check.statement.startswith("Synthetic rows learned from lie between originals of which one is judged.")


def test_a_judged_row_among_those_learned_from_is_caught(tmp_path: Path) -> None:
    """One is enough."""
    definition, _, learned, judged = _world(tmp_path, "under")
    copied = np.vstack([learned.rows.values, learned.preparation.apply(judged[1].values[5:6])])
    (check,) = balanced_leaks(definition, replace(learned, rows=replace(learned.rows, values=copied)), judged)
    assert check.statement.startswith("1 rows learned from are copies of rows that are judged.")
