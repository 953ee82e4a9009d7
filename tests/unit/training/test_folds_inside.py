"""What is learned from labels inside a fold is learned without its user, wherever a preparation is fitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from mixed_rows import DAYS, ORDERS, SPEND, label_definition, mixed_schema

from strata.events import DAY_US
from training.definition import Definition
from training.judge.cross_validation import cross_validate
from training.judge.folds import grouped_folds, time_folds
from training.judge.intervals import Resampling
from training.judge.learning_curve import learning_curve
from training.labels import learn as module
from training.labels.balancing import compare_ways
from training.labels.choosing import Chosen
from training.labels.folds_inside import WITHIN
from training.labels.judged import judge_learning
from training.labels.learn import fit_score, learn
from training.labels.nested import nested_judgement
from training.labels.tune import tune
from training.prepare.fitted_steps import FittedSteps
from training.rows import Part, TrainingRows
from training.scratch import Scratch

SCHEMA = mixed_schema()
USERS, DATES = 60, 4
CHANCE = np.random.default_rng(5)
WHO = np.tile(np.arange(USERS), DATES)
TIMES_US = np.repeat(np.arange(DATES), USERS)
VALUES = np.column_stack([WHO, CHANCE.normal(size=(USERS * DATES, 2)), CHANCE.integers(0, 4, USERS * DATES)])
PART = Part(VALUES, (CHANCE.random(USERS * DATES) < 0.4).astype(np.int8), WHO, TIMES_US)
ALGORITHM = {
    "kind": "logistic",
    "bands": [
        {"key": "likely", "label": "Likely", "description": "", "recall_at_least": 0.5},
        {"key": "unlikely", "label": "Unlikely", "description": ""},
    ],
}
WAYS: dict[str, Any] = {
    "target": {"categories": "target"},
    "propensity": {"derive": [{"kind": "propensity", "features": [ORDERS, SPEND]}], "categories": "onehot"},
}


def _definition(way: str) -> Definition:
    return label_definition(**WAYS[way], algorithm=ALGORITHM, judge={"resamples": 50})


def _cross_validated(definition: Definition) -> None:
    cross_validate(
        fit_score(definition, SCHEMA), PART, grouped_folds(WHO, PART.labels, 2), kind="grouped", resamples=50
    )
    cross_validate(fit_score(definition, SCHEMA), PART, time_folds(TIMES_US, 1, 2), kind="time", resamples=50)


def _learning_curve(definition: Definition) -> None:
    learning_curve(fit_score(definition, SCHEMA), PART, PART, Resampling(50), tenths=(5, 10))


def _searched(definition: Definition) -> None:
    search = {"trials": 1, "parameters": {"strength": {"low": 0.1, "high": 1.0}}}
    asked = Definition.model_validate({**definition.model_dump(exclude_unset=True), "tune": search})
    tune(asked, SCHEMA, PART, grouped_folds(WHO, PART.labels, 2), scratch=Scratch())


def _nested(definition: Definition) -> None:
    nested_judgement(definition, SCHEMA, PART, outer=2)


def _balanced(definition: Definition) -> None:
    rows = TrainingRows(SCHEMA, PART, PART)
    compare_ways(rows, Chosen(definition, learn(definition, SCHEMA, PART), None, None), lambda stage: None)


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[FittedSteps, np.ndarray[Any, Any]]]:
    """Every preparation that is fitted, and whose rows it was given: a user is the first feature."""
    seen: list[tuple[FittedSteps, np.ndarray[Any, Any]]] = []
    real = module.fit_preparation

    def spied(definition: Definition, schema: Any, values: Any, *more: Any, **named: Any) -> FittedSteps:
        found = real(definition, schema, values, *more, **named)
        seen.append((found, values[found.kept, 0]))
        return found

    monkeypatch.setattr(module, "fit_preparation", spied)
    return seen


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("judge", [_cross_validated, _learning_curve, _searched, _nested, _balanced])
def test_a_users_rows_are_in_one_fold(
    judge: Callable[[Definition], None], way: str, fitted: list[tuple[FittedSteps, np.ndarray[Any, Any]]]
) -> None:
    """In every fold, size, trial and way: of several rows of a user none is encoded by the label of another."""
    judge(_definition(way))
    assert len(fitted) >= 2
    for found, whose in fitted:
        assert found.dealt is not None
        assert len(np.unique(found.dealt.folds)) == 5
        assert all(len(set(found.dealt.folds[whose == user])) == 1 for user in np.unique(whose))


def test_folds_inside_are_the_seeds() -> None:
    """The same seed lays them again, another seed lays others."""
    definition = _definition("target")
    first, again = (learn(definition, SCHEMA, PART).preparation for _ in range(2))
    other = learn(definition.model_copy(update={"seed": 8}), SCHEMA, PART).preparation
    assert first.dealt is not None
    assert other.dealt is not None
    assert np.array_equal(first.training, again.training)
    assert not np.array_equal(first.dealt.folds, other.dealt.folds)


def test_a_users_sticky_label_is_not_learned_through_his_category() -> None:
    """A category of his own and the same label at every date: folds by row would tell him his label, folds by user
    tell him what everybody's is."""
    schema = mixed_schema(tuple(f"c{user}" for user in range(USERS)))
    values = np.column_stack([VALUES[:, :3], WHO])
    sticky = (np.arange(USERS) % 3 == 0).astype(np.int8)[WHO]
    definition = label_definition(categories="target", leave_out=[DAYS, ORDERS, SPEND])
    whole = learn(definition, schema, Part(values, sticky, WHO)).preparation.training[:, 0]
    by_row = learn(definition, schema, Part(values, sticky)).preparation.training[:, 0]
    assert np.ptp(whole) == 0
    assert by_row[sticky == 1].min() > by_row[sticky == 0].max()


def test_where_nothing_is_learned_from_labels_there_are_no_folds() -> None:
    """Nothing was left out with them, so nothing is checked either."""
    definition = label_definition(categories="onehot", algorithm=ALGORITHM)
    assert learn(definition, SCHEMA, PART).preparation.dealt is None


def test_folds_that_a_judge_dealt_by_row_are_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: what is learned from in a judge's folds comes without its users, the final fit with them."""
    definition = Definition.model_validate(
        {**_definition("target").model_dump(exclude_unset=True), "label": {"event_type": "x", "horizon_days": 1}}
    )
    days = replace(PART, times_us=TIMES_US * DAY_US)
    rows = TrainingRows(SCHEMA, days, days, days)

    def checked() -> list[tuple[str, bool]]:
        chosen = Chosen(definition, learned, None, None)
        return [(one.check, one.passed) for one in judge_learning(rows, chosen, lambda stage: None).checks]

    learned, real = learn(definition, SCHEMA, PART), module.fit_preparation
    assert checked() == [(WITHIN, True)]
    monkeypatch.setattr(module, "fit_preparation", lambda *given, **named: real(*given[:4], **named))
    assert checked() == [(WITHIN, False)]
