"""Learned on several label dates: each class of the label is a segment, and the likeliest one is the answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from strata.runtime import SegmentEntry
from training.algorithms.port import Exported
from training.definition import Definition
from training.judge.classes import class_metrics, confusion_of
from training.judge.fairness import fairness_metrics
from training.judge.leaks.check import leaks_found
from training.judge.metrics import log_loss, predicted
from training.labels.baselines import class_baselines
from training.labels.calibrate import Adjustment, adjust
from training.labels.choosing import Chosen, Progress, resampling
from training.labels.class_rankings import class_rankings
from training.labels.curves import calibration_curve, expected_calibration_error
from training.labels.judged import judge_fairness, judge_learning
from training.labels.learn import Learned
from training.labels.row_leaks import row_leaks
from training.labels.sizes import part_sizes
from training.rows import Answers, Evaluation, Export, Floats, Part, TrainingRows
from training.sections import LabelClass


@dataclass(frozen=True)
class FittedClasses:
    """A model of several classes, adjusted to the validation rows."""

    rows: TrainingRows
    chosen: Chosen
    """Its model is the adjusted one."""
    adjustment: Adjustment
    before: Learned
    """As it was fitted."""
    progress: Progress = field(compare=False)

    @property
    def definition(self) -> Definition:
        """With the parameters found and the features left out in it."""
        return self.chosen.definition

    def export(self) -> Export:
        found = self.chosen.learned.scorer.export()
        model = {**found.model, "classes": list(range(len(self._classes)))}
        whole = self.chosen.learned.preparation.wrap(Exported(model, found.files))
        entries = tuple(SegmentEntry(one.key, one.label, one.description) for one in self._classes)
        return Export(whole.model, whole.files, entries, "posterior")

    def answers(self, values: Floats) -> Answers:
        with threadpool_limits(1):
            probabilities = self.chosen.learned.raw(values)
        return Answers(probabilities.argmax(axis=1).astype(np.int32), probabilities.max(axis=1))

    def evaluate(self) -> Evaluation:
        with threadpool_limits(1):
            return self._evaluate()

    def _evaluate(self) -> Evaluation:
        test, scores = self._test, self._scores
        last = len(self._classes) - 1
        learning = judge_learning(self.rows, self.chosen, self.progress)
        leaking = row_leaks(self.definition, self.rows, self.chosen.learned, learning.checks)
        fair = judge_fairness(self.definition, self.rows.schema, test, predicted(scores) == last)
        how = resampling(self.definition, test)
        judged = class_metrics(test.labels, scores, how)
        right = (predicted(scores) == test.labels).astype(np.int8)
        curve = calibration_curve(right, scores.max(axis=1))
        shares = np.bincount(predicted(scores), minlength=last + 1) / len(test.labels)
        others = class_baselines(self.rows, how)
        metrics = {
            **{name: one["value"] for name, one in judged.items()},
            "calibration_error": expected_calibration_error(curve),
            "segments": float(last + 1),
            "smallest_share": float(shares.min()),
            "baseline_accuracy": others[0]["accuracy"]["value"],
            "leaks_found": leaks_found(leaking),
            **fairness_metrics(fair),
        }
        details = {
            "kind": "labels",
            "algorithm": self.definition.algorithm.kind,
            "rows": part_sizes(self.rows),
            "preparation": self.chosen.learned.preparation.record,
            "classes": judged,
            "confusion": confusion_of(test.labels, scores, self.definition.segment_keys),
            "class_rankings": class_rankings(test.labels, scores, self.definition.segment_keys, how),
            "calibration": curve,
            "adjustment": self._told(),
            "baselines": others,
            "leak_guard": self.rows.leak_statement,
            "leaks": leaking,
            "fairness": fair,
            **learning.details,
        }
        return Evaluation(metrics, details, self._headline(judged, others))

    @property
    def _classes(self) -> tuple[LabelClass, ...]:
        assert self.definition.label is not None
        return self.definition.label.classes

    @property
    def _test(self) -> Part:
        assert self.rows.test is not None
        return self.rows.test

    @cached_property
    def _scores(self) -> Floats:
        return self.chosen.learned.raw(self._test.values)

    def _told(self) -> dict[str, Any]:
        """What the adjustment did to log loss on the test rows."""

        def loss(scores: Floats) -> float:
            return float(log_loss(self._test.labels, scores)(np.ones((1, len(scores))))[0])

        return {
            "scale": self.adjustment.scale,
            "shifts": list(self.adjustment.shifts),
            "log_loss_before": loss(self.before.raw(self._test.values)),
            "log_loss_after": loss(self._scores),
        }

    def _headline(self, judged: dict[str, dict[str, float]], others: list[dict[str, Any]]) -> list[str]:
        accuracy, f1, area = (judged[name] for name in ("accuracy", "macro_f1", "roc_auc"))
        most, logistic = (one["accuracy"]["value"] for one in others)
        return [
            f"{accuracy['value']:.0%} of the users get the segment they turn out to belong to "
            f"({accuracy['low']:.1%} to {accuracy['high']:.1%}); always naming the most frequent one would be right "
            f"for {most:.0%}, a logistic regression for {logistic:.0%}.",
            f"Over the {len(self._classes)} segments alike: F1 {f1['value']:.3f} ({f1['low']:.3f} to "
            f"{f1['high']:.3f}), ROC AUC of each against the rest {area['value']:.3f}.",
        ]


def fit_classes(rows: TrainingRows, chosen: Chosen, on_validation: Floats, progress: Progress) -> FittedClasses:
    """Adjust the model's probabilities, [n, classes] of the validation rows, to what came true there."""
    assert rows.validation is not None
    before = chosen.learned
    adjustment = adjust(on_validation, rows.validation.labels, scalable=before.scorer.scalable)
    after = replace(before, scorer=before.scorer.adjusted(adjustment.scale, adjustment.shifts))
    adjusted = Chosen(chosen.definition, after, chosen.tuned, chosen.pruning)
    return FittedClasses(rows, adjusted, adjustment, before, progress)
