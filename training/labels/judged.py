"""What is told about a supervised model beside its figures on the test rows: how it learns, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputInvalid
from training.definition import Definition, Protected
from training.judge.attributes import Attribute, category_attribute, number_attribute
from training.judge.cross_validation import cross_validate
from training.judge.fairness import fairness
from training.judge.importance import importance_sentence
from training.judge.leaks.check import Check
from training.judge.learning_curve import learning_curve, learning_sentence
from training.judge.shap_classes import class_shap_details
from training.judge.shap_values import shap_details
from training.labels.balancing import compare_ways
from training.labels.choosing import Chosen, Progress, importance, resampling
from training.labels.contributions import contributions
from training.labels.folds_inside import WITHIN, Fit, inside_checks
from training.labels.learn import Learned, class_count, fit_score
from training.labels.row_folds import fewer_rows, row_folds, seen_rows
from training.rows import FeatureSchema, Part, TrainingRows

_EXPLAINED: Final = 1_000
"""Rows whose contributions are taken: TreeSHAP of a forest of 500 deep trees takes milliseconds for each."""

_MOST_ROWS: Final = 200_000
"""Folds and the learning curve fit a dozen times; an interval of so many rows is narrow, and a million take an hour."""


class JudgedLearning(NamedTuple):
    """What is told of it, and what was checked for leaks while it was judged."""

    details: dict[str, Any]
    checks: list[Check]


def judge_learning(rows: TrainingRows, chosen: Chosen, progress: Progress) -> JudgedLearning:
    """`folds`, `learning_curve`, `permutation`, `shap`, `importances`, `tuning`, `pruning`, and
    `notes` of them; of two classes `balance`.

    What the rows do not carry is left out, with a sentence among the notes.
    """
    definition, out = chosen.definition, dict[str, Any]()
    fewer, notes = fewer_rows(rows, _MOST_ROWS, definition.seed)
    checks: list[Check] = []
    try:
        out["folds"], checks = _folds(definition, fewer, progress)
    except InputInvalid as error:
        notes.append(f"No folds: {error}.")
    try:
        out["learning_curve"] = _learning_curve(definition, fewer, progress)
    except InputInvalid as error:
        notes.append(f"No learning curve: {error}.")
    assert rows.validation is not None
    assert rows.test is not None
    out["permutation"] = importance(definition, rows.schema, chosen.learned, rows.validation, progress)
    out |= explained(definition, rows.schema, chosen.learned, rows.test)
    notes.append(importance_sentence(out["permutation"]))
    if "learning_curve" in out:
        notes.append(learning_sentence(out["learning_curve"]))
    if class_count(definition) == 2:
        out["balance"] = compare_ways(rows, chosen, progress)
    if chosen.tuned is not None:
        out["tuning"] = chosen.tuned.to_json()
        notes.append(
            "The parameters were searched on the folds' own rows, which flatters the folds, not the test rows."
        )
    if chosen.pruning is not None:
        out["pruning"] = chosen.pruning.to_json()
        notes.append(chosen.pruning.statement)
    return JudgedLearning({**out, "notes": notes}, checks)


def explained(definition: Definition, schema: FeatureSchema, learned: Learned, part: Part) -> dict[str, Any]:
    """`shap`, and `importances`: each feature's share of all mean absolute contributions. Empty where there are none.

    Contributions are to log-odds, in a forest to the mean of its trees' probabilities; see `contributions`.
    """
    rows = np.arange(len(part.values))
    if len(rows) > _EXPLAINED:
        rows = np.sort(np.random.default_rng(definition.seed).choice(rows, _EXPLAINED, replace=False))
    values = part.values[rows]
    prepared = learned.preparation.apply(values)
    found = contributions(learned, prepared)
    if found is None:
        return {}
    names, keys = learned.preparation.names, schema.keys
    if found.shape[1] == 1:
        told = shap_details(found[:, 0], names, values, keys, prepared, seed=definition.seed)
    else:
        nominal = {feature.key for feature in schema.features if feature.dtype == "string"}
        classes = definition.segment_keys
        told = class_shap_details(found, names, values, keys, prepared, classes=classes, nominal=nominal)
    total = sum(one["mean_abs"] for one in told["features"]) or 1.0
    shares = [{"feature": one["feature"], "share": one["mean_abs"] / total} for one in told["features"]]
    return {"shap": told, "importances": shares}


def judge_fairness(
    definition: Definition, schema: FeatureSchema, part: Part, chosen: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    """`details["fairness"]`: a table for each protected attribute; `chosen` [n] is whom the first segment holds."""
    positive = (part.labels == part.labels.max()).astype(np.int8)
    how = resampling(definition, part)
    return [fairness(positive, chosen, _attribute(schema, asked, part), how) for asked in definition.judge.protected]


def _attribute(schema: FeatureSchema, asked: Protected, part: Part) -> Attribute:
    name, place = asked.feature, schema.keys.index(asked.feature)
    feature, column = schema.features[place], part.values[:, place]
    if feature.dtype == "bool":
        return category_attribute(name, column, ("no", "yes"))
    if feature.categories:
        return category_attribute(name, column, feature.categories)
    return number_attribute(name, column, asked.edges)


def _folds(definition: Definition, rows: TrainingRows, progress: Progress) -> tuple[dict[str, Any], list[Check]]:
    seen = seen_rows(rows)
    laid = row_folds(definition, seen, definition.judge.folds)
    fits: list[Fit] = []

    def watch(part: Part, learned: Learned) -> None:
        fits.append((learned.preparation.dealt, part.users))

    found = cross_validate(
        fit_score(definition, rows.schema, watch), seen, laid.folds, kind=laid.kind,
        resamples=definition.judge.resamples, seed=definition.seed, progress=_counted(progress, "judging fold"),
    )  # fmt: skip
    return found.to_json(), inside_checks(fits, WITHIN)


def _learning_curve(definition: Definition, rows: TrainingRows, progress: Progress) -> list[dict[str, Any]]:
    assert rows.validation is not None
    return learning_curve(
        fit_score(definition, rows.schema), rows.train, rows.validation, resampling(definition, rows.validation),
        progress=_counted(progress, "learning from less, step"),
    )  # fmt: skip


def _counted(progress: Progress, what: str) -> Callable[[int, int], None]:
    return lambda done, of: progress(f"{what} {done} of {of}")
