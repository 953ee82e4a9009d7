"""What a training with label dates is checked for, planted leaks among it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy_training import NOW_US, RESPONDERS, ToyReader, toy_definition, toy_sources

from strata.events import DAY_US
from training.definition import Definition
from training.gather import gather
from training.judge.leaks.check import Check, leaks_found
from training.judge.leaks.parts import INSIDE
from training.labels.learn import Learned, learn
from training.labels.row_leaks import row_leaks
from training.prepare.folds import Dealt
from training.rows import TrainingRows

SPLIT = {"step_days": 10, "train_dates": 8, "validation_dates": 2}


@pytest.fixture
def world(tmp_path: Path) -> tuple[Definition, TrainingRows, Learned]:
    """Eight label dates ten days apart, windows of thirty, then validation and test."""
    definition = toy_definition(RESPONDERS, split=SPLIT)
    rows = gather(definition, ToyReader(), toy_sources(tmp_path).history, NOW_US).rows
    return definition, rows, learn(definition, rows.schema, rows.train)


def test_an_honest_training_is_told_to_be_one(world: tuple[Definition, TrainingRows, Learned]) -> None:
    """The history, each feature alone and a window older, the parts, the folds."""
    found = row_leaks(*world)
    assert [one["check"] for one in found] == [
        "date-only facts count from the end of their day",
        "no feature answers alone",
        "no label window across parts",
        "no label window across parts",
        "rankings outlive a lag",
        "no label window across folds",
    ]
    assert leaks_found(found) == 0.0


def test_a_part_moved_into_anothers_window_is_caught(world: tuple[Definition, TrainingRows, Learned]) -> None:
    """Validation dates ten days too early: the overlap is told, first."""
    definition, rows, learned = world
    assert rows.validation is not None
    assert rows.validation.times_us is not None
    early = replace(rows.validation, times_us=rows.validation.times_us - 10 * DAY_US)
    found = row_leaks(definition, replace(rows, validation=early), learned)
    assert found[0]["statement"].startswith("Label windows of training and validation rows overlap by 10 of 30 days")
    assert leaks_found(found) == 1.0


def test_what_was_found_at_the_source_is_told_too(world: tuple[Definition, TrainingRows, Learned]) -> None:
    """A check that failed while rows were read counts as one that failed afterwards."""
    definition, rows, learned = world
    planted = Check("features known at the label date", passed=False, statement="They know.")
    found = row_leaks(definition, replace(rows, checks=(*rows.checks, planted)), learned)
    assert found[0] == planted.to_json()
    assert leaks_found(found) == 1.0


def test_an_encoding_laid_by_row_is_caught(world: tuple[Definition, TrainingRows, Learned]) -> None:
    """Users come back at every label date: the folds a propensity was really fitted on are looked at."""
    _, rows, _ = world
    derive = [{"kind": "propensity", "features": ["toy:recency", "toy:orders"]}]
    definition = toy_definition(RESPONDERS, split=SPLIT, prepare={"derive": derive})
    learned = learn(definition, rows.schema, rows.train)
    told = next(one for one in row_leaks(definition, rows, learned) if one["check"] == INSIDE)
    assert (told["passed"], told["statement"]) == (
        True, "Each of 240 users is on one side of every one of 5 folds.",
    )  # fmt: skip
    everyone = np.arange(len(rows.train.labels))
    planted = replace(learned, preparation=replace(learned.preparation, dealt=Dealt(everyone, everyone % 7)))
    found = row_leaks(definition, rows, planted)
    assert (found[0]["check"], leaks_found(found)) == (INSIDE, 1.0)
