"""Every supervised algorithm through the whole flow, of two classes and of more, to a package that answers alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from strata.errors import DefinitionInvalid, InputInvalid
from strata.runtime import DataWindow, Manifest
from strata.runtime.manifest import seal
from strata.runtime.package import Package, assemble
from training.algorithms import list_algorithms, section_of
from training.definition import Definition
from training.fitting import fit
from training.gates.known import check_names
from training.gather import Gathered
from training.labels.quick import quick_raw
from training.prepare.fitted_steps import FittedSteps
from training.rows import Export, Floats
from training.sections import LabelSection
from training.tables import gather_table

KINDS = [kind for kind in list_algorithms() if issubclass(section_of(kind), LabelSection)]
OWN: dict[str, dict[str, Any]] = {
    "lightgbm": {"trees": 10, "parameters": {"num_leaves": 4, "min_data_in_leaf": 5}},
    "random_forest": {"trees": 10},
    "xgboost": {"trees": 10, "parameters": {"max_depth": 2}},
}
BANDS = [
    {"key": "likely", "label": "Likely", "description": "Yes.", "precision_at_least": 0.6},
    {"key": "possible", "label": "Possible", "description": "Perhaps.", "recall_at_least": 1.0},
    {"key": "unlikely", "label": "Unlikely", "description": "No."},
]
CLASSES = [
    {"key": "none", "label": "None", "description": "", "below": 1.0},
    {"key": "some", "label": "Some", "description": "", "below": 5.0},
    {"key": "much", "label": "Much", "description": ""},
]


def _gathered(classes: int = 2) -> Gathered:
    chance = np.random.default_rng(8)
    spend, visits = chance.gamma(2.0, 50.0, 600), chance.poisson(3.0, 600).astype(float)
    town = chance.choice(["a", "b", "c"], 600)
    told = spend / 60 + visits / 3 + (town == "b") + chance.normal(size=600) * 0.7
    spend[chance.random(600) < 0.1] = np.nan
    table = pa.table({"spend": pa.array(spend, from_pandas=True), "visits": visits, "town": town,
                      "noise": chance.normal(size=600)})  # fmt: skip
    labels = np.digitize(told, [4.0] if classes == 2 else [2.5, 4.0]).astype(np.int8)
    return gather_table("toy", table, labels, np.arange(600) // 2, seed=1)


def _definition(kind: str, classes: int = 2, **changes: Any) -> Definition:
    label: dict[str, Any] = {"event_type": "x", "horizon_days": 1}
    bands = BANDS if classes == 2 else []
    return Definition.model_validate(
        {"name": "toy", "description": "", "feature_service": "toy", "judge": {"folds": 2, "resamples": 50},
         "label": label if classes == 2 else {**label, "measure": "days", "classes": CLASSES},
         "split": {"step_days": 1, "train_dates": 1, "validation_dates": 1},
         "fallback": ["unlikely" if classes == 2 else "none"],
         "algorithm": {"kind": kind, "bands": bands, **OWN.get(kind, {})}, **changes}
    )  # fmt: skip


def _package(gathered: Gathered, export: Export) -> Package:
    schema = gathered.rows.schema
    return assemble(
        seal(
            Manifest(
                "toy", "", "", "any", "toy", schema.features, "", dict(schema.view_fingerprints), export.vocabulary,
                export.vocabulary[-1].key, export.score_meaning, "", DataWindow("", "", ""), {}, {}, {}, export.model,
            )
        ),
        export.files,
    )  # fmt: skip


def _strange(gathered: Gathered) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Rows never seen: missing, huge, and a category nobody had."""
    rows = np.tile(gathered.reference, (2, 1))
    chance = np.random.default_rng(2)
    rows[chance.random(rows.shape) < 0.1] = np.nan
    rows[::7, 0], rows[::11, 2] = 1e9, 3.0
    return rows


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_a_package_answers_as_the_library(kind: str, classes: int) -> None:
    """Segments equal, scores within 1e-6, one row at a time to the same float32; twice the same model."""
    gathered = _gathered(classes)
    fitted: Any = fit(_definition(kind, classes), gathered.rows)
    export = fitted.export()
    package, rows = _package(gathered, export), _strange(gathered)
    ours, theirs = package.score(rows), fitted.answers(rows)
    np.testing.assert_array_equal(ours.segment_indexes, theirs.segment_indexes)
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-6)
    assert [package.score_row(row)[0] for row in rows[:50]] == ours.segment_indexes[:50].tolist()
    assert len(set(ours.segment_indexes.tolist())) == 3
    quick = quick_raw(fitted.chosen.learned)
    np.testing.assert_allclose(quick(rows), fitted.chosen.learned.raw(rows), atol=1e-12)
    again = fit(_definition(kind, classes), gathered.rows).export()
    assert (again.model, dict(again.files)) == (export.model, dict(export.files))


EVERYTHING: dict[str, Any] = {
    "duplicates": "drop",
    "ranges": {"toy:spend": [0, 1_000]},
    "missing": "model",
    "indicator": True,
    "scale": "robust",
    "categories": "target",
    "weights": {"toy:visits": 2.0},
    "leave_out": ["toy:noise"],
    "derive": [
        {"kind": "engagement", "weights": {"toy:spend": 1.0, "toy:visits": 1.0}},
        {"kind": "propensity", "features": ["toy:spend", "toy:visits"]},
    ],
}


@pytest.mark.parametrize("balance", ["none", "smote", "under"])
@pytest.mark.parametrize(
    ("kind", "classes", "prepare"),
    [
        ("lightgbm", 2, EVERYTHING),
        ("logistic", 2, EVERYTHING),
        ("lightgbm", 2, {}),
        ("lightgbm", 3, {**EVERYTHING, "derive": []}),
    ],
)
def test_a_preparation_goes_into_the_package(kind: str, classes: int, prepare: dict[str, Any], balance: str) -> None:
    """Raw features go in: whatever is declared, and whatever SMOTE needs that is not."""
    gathered = _gathered(classes)
    fitted = fit(_definition(kind, classes, prepare=prepare, balance=balance), gathered.rows)
    package, rows = _package(gathered, fitted.export()), _strange(gathered)
    ours, theirs = package.score(rows), fitted.answers(rows)
    np.testing.assert_array_equal(ours.segment_indexes, theirs.segment_indexes)
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-6)
    if classes == 2:
        base = np.mean(gathered.rows.validation.labels)  # type: ignore[union-attr]
        assert np.mean(theirs.scores) == pytest.approx(base, abs=0.15)


def test_ways_to_balance_are_compared() -> None:
    """Each on the same validation rows, the declared one marked; SMOTE fills what trees read as missing."""
    found = fit(_definition("lightgbm", balance="none"), _gathered().rows).evaluate().details["balance"]
    assert [(one["way"], one["chosen"]) for one in found["ways"]] == [
        ("none", True), ("class_weights", False), ("smote", False), ("under", False),
    ]  # fmt: skip
    assert all(0.7 < one["roc_auc"] < 1.0 for one in found["ways"])


def test_two_classes_are_judged_whole() -> None:
    """Every section of the evaluation is there; the model finds what the table was made of."""
    changes: dict[str, Any] = {"judge": {"folds": 2, "resamples": 50, "prune": True,
                         "protected": ["toy:town", {"feature": "toy:visits", "edges": [2, 4]}]}}  # fmt: skip
    evaluation = fit(_definition("lightgbm", **changes), _gathered().rows).evaluate()
    details = evaluation.details
    wanted = {"folds", "lift", "learning_curve", "permutation", "shap", "importances", "pruning", "fairness", "notes",
              "leaks"}  # fmt: skip
    assert wanted <= set(details)
    assert details["folds"]["kind"] == "grouped"
    assert len(details["folds"]["per_fold"]) == 2
    assert details["pruning"]["left_out"] == ["toy:noise"]
    assert "toy:noise" not in details["preparation"]["columns"]
    assert {one["feature"] for one in details["importances"][:2]} == {"toy:spend", "toy:visits"}
    assert [one["attribute"] for one in details["fairness"]] == ["toy:town", "toy:visits"]
    assert [group["group"] for group in details["fairness"][1]["groups"]] == ["under 2", "2 to 4", "4 or more"]
    rates = [group["rate"] for group in details["fairness"][1]["groups"]]
    assert rates[-1] > rates[0] + 0.2, "few visits, few chosen"
    assert evaluation.metrics["roc_auc"] > 0.8
    check_names(_definition("lightgbm", gates=dict.fromkeys(evaluation.metrics, 0.0)))
    assert evaluation.metrics["leaks_found"] == 0.0


def test_a_feature_made_of_the_label_is_told() -> None:
    """And a table's groups that lie in two parts; without either all is well."""
    from training.labels.learn import learn
    from training.labels.row_leaks import row_leaks

    rows, definition = _gathered().rows, _definition("lightgbm")
    learned = learn(definition, rows.schema, rows.train)
    assert [leak["passed"] for leak in row_leaks(definition, rows, learned)] == [True, True, True]
    rows.train.values[:, 3] = rows.train.labels
    assert rows.train.users is not None
    assert rows.test is not None
    assert rows.test.users is not None
    rows.train.users[0] = rows.test.users[0]
    rows.validation.values[:, 3] = rows.validation.labels  # type: ignore[union-attr]
    separated, shared, folded = row_leaks(definition, rows, learned)
    assert not separated["passed"]
    assert "toy:noise (1.000)" in separated["statement"]
    assert not shared["passed"]
    assert "1 of" in shared["statement"]
    assert folded["passed"]


def test_more_classes_have_a_confusion_table() -> None:
    """Rows of the table are what came true; adjusting does not cost log loss where it was fitted for it."""
    gathered = _gathered(3)
    evaluation = fit(_definition("random_forest", 3), gathered.rows).evaluate()
    check_names(_definition("random_forest", 3, gates=dict.fromkeys(evaluation.metrics, 0.0)))
    details = evaluation.details
    assert gathered.rows.test is not None
    rows = [sum(row) for row in details["confusion"]["matrix"]]
    assert rows == np.bincount(gathered.rows.test.labels).tolist()
    assert details["confusion"]["classes"] == ["none", "some", "much"]
    assert details["adjustment"]["scale"] == 1.0
    assert details["adjustment"]["log_loss_after"] < details["adjustment"]["log_loss_before"]
    assert set(details["classes"]) == {"accuracy", "macro_f1", "roc_auc", "log_loss"}
    assert details["folds"]["roc_auc"]["value"] > 0.7
    ranked = details["class_rankings"]
    assert [one["class"] for one in ranked] == ["none", "some", "much"]
    assert np.mean([one["roc_auc"]["value"] for one in ranked]) == pytest.approx(details["classes"]["roc_auc"]["value"])


def test_a_search_is_told_and_used(tmp_path: Path) -> None:
    """Stages name each trial, the trials are kept in the scratch folder, and the model is the best one's."""
    tune = {"trials": 3, "parameters": {"trees": {"low": 2, "high": 30, "whole": True}}}
    said: list[str] = []
    fitted: Any = fit(_definition("lightgbm", tune=tune), _gathered().rows, scratch=tmp_path, progress=said.append)
    told = fitted.evaluate().details["tuning"]
    assert [stage for stage in said if stage.startswith("tuning, trial 3 of 3, best 0.")]
    assert fitted.export().files["model.txt"].decode().count("Tree=") == told["parameters"]["trees"]
    assert len(list(tmp_path.glob("*.jsonl"))) == 1


@pytest.mark.parametrize("classes", [2, 3])
def test_everything_is_learned_and_judged_on_one_thread(classes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A logistic regression on 14,420 rows and 70 columns was another version on two threads of a BLAS."""
    seen = set[tuple[str, int]]()

    def watched(steps: FittedSteps, values: Floats) -> Floats:
        seen.update(("fit" if fitting else "later", int(pool["num_threads"])) for pool in threadpool_info())
        return apply(steps, values)

    apply, fitting = FittedSteps.apply, True
    monkeypatch.setattr(FittedSteps, "apply", watched)
    gathered = _gathered(classes)
    with threadpool_limits(2):
        fitted = fit(_definition("logistic", classes), gathered.rows)
        fitting = False
        fitted.answers(gathered.reference)
        fitted.evaluate()
    assert seen == {("fit", 1), ("later", 1)}


def test_the_test_rows_decide_nothing() -> None:
    """Other test rows, the same model."""
    gathered, tune = _gathered(), {"trials": 2, "parameters": {"trees": {"low": 2, "high": 30, "whole": True}}}
    rows, changed = gathered.rows, _gathered().rows
    assert changed.test is not None
    changed.test.values[:] = changed.test.values[::-1]
    definition = _definition("lightgbm", tune=tune, judge={"folds": 2, "resamples": 50, "prune": True})
    first, second = (fit(definition, each).export() for each in (rows, changed))
    assert dict(first.files) == dict(second.files)
    assert first.model == second.model


def test_what_cannot_be_learned_is_said_before_any_long_work() -> None:
    """A class nobody has, an attribute nobody has, a range that leads nowhere."""
    rows = _gathered().rows
    with pytest.raises(InputInvalid, match=r"toy: the training rows hold 2 of 3 classes"):
        fit(_definition("lightgbm", 3), rows)
    with pytest.raises(DefinitionInvalid, match=r"judge\.protected names toy:race, which the service"):
        fit(_definition("lightgbm", judge={"protected": ["toy:race"]}), rows)
    tune = {"trials": 2, "parameters": {"branches": {"low": 2, "high": 30}}}
    with pytest.raises(DefinitionInvalid, match=r"tune\.parameters: branches"):
        fit(_definition("lightgbm", tune=tune), rows)
