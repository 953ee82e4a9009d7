"""Learned on several label dates, calibrated and cut into bands on a later slice of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from strata.runtime import SegmentEntry
from strata.runtime.calibration import Calibration
from training.algorithms.port import Exported
from training.definition import Definition
from training.judge.fairness import fairness_metrics
from training.judge.intervals import interval
from training.judge.leaks.check import leaks_found
from training.judge.metrics import metric
from training.judge.ranking import lift_table
from training.labels.band_table import band_table
from training.labels.baselines import baselines
from training.labels.calibrate import calibrate
from training.labels.choosing import Chosen, Progress, choose, resampling
from training.labels.curves import Ranking, calibration_curve, expected_calibration_error, rank
from training.labels.fitted_classes import FittedClasses, fit_classes
from training.labels.judged import judge_fairness, judge_learning
from training.labels.learn import class_count
from training.labels.row_leaks import row_leaks
from training.labels.sizes import part_sizes
from training.labels.thresholds import choose_thresholds
from training.labels.tune import check_ranges
from training.rows import Answers, Evaluation, Export, Floats, Part, TrainingRows
from training.sections import LabelSection


def _silent(_stage: str) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class FittedLabels:
    """A model of two classes, its calibration and thresholds, and the rows they come from."""

    section: LabelSection
    rows: TrainingRows
    chosen: Chosen
    calibration: Calibration
    thresholds: list[float]
    progress: Progress = field(default=_silent, compare=False)

    @property
    def definition(self) -> Definition:
        """With the parameters found and the features left out in it."""
        return self.chosen.definition

    def export(self) -> Export:
        found = self.chosen.learned.scorer.export()
        decision = {
            "calibration": self.calibration.to_json(),
            "thresholds": self.thresholds,
            "bands": self._bands.tolist(),
        }
        whole = self.chosen.learned.preparation.wrap(Exported({**found.model, **decision}, found.files))
        return Export(whole.model, whole.files, self._vocabulary(), "calibrated_probability")

    def answers(self, values: Floats) -> Answers:
        with threadpool_limits(1):
            probability = self.calibration.apply(self.chosen.learned.raw(values))
        position = np.searchsorted(self.thresholds, probability, side="right")
        return Answers(self._bands[position], probability)

    def evaluate(self) -> Evaluation:
        with threadpool_limits(1):
            return self._evaluate()

    def _evaluate(self) -> Evaluation:
        test = self._test
        how = resampling(self.definition, test)
        ranking = rank(
            test.labels, self._on_test.scores, resamples=how.resamples, seed=how.seed, groups=test.users
        )  # fmt: skip
        curve = calibration_curve(test.labels, self._on_test.scores)
        bands = band_table(self.section.bands, test.labels, self._on_test.segment_indexes, how)
        brier = interval(metric("brier", test.labels, self._on_test.scores), len(test.labels), how)
        learning = judge_learning(self.rows, self.chosen, self.progress)
        leaking = row_leaks(self.definition, self.rows, self.chosen.learned, learning.checks)
        fair = judge_fairness(self.definition, self.rows.schema, test, self._on_test.segment_indexes == 0)
        metrics = {
            "roc_auc": ranking.roc_auc.value,
            "average_precision": ranking.average_precision.value,
            "brier": brier.value,
            "calibration_error": expected_calibration_error(curve),
            "base_rate": float(test.labels.mean()),
            "precision_top_band": float(bands[0]["precision"] or 0.0),
            "recall_top_band": float(bands[0]["recall"]),
            "smallest_share": min(float(band["share"]) for band in bands),
            "segments": float(len(bands)),
            "leaks_found": leaks_found(leaking),
            **fairness_metrics(fair),
        }
        others = baselines(self.rows, self.definition.baseline, self._on_test.scores, how)
        details = {
            "kind": "labels",
            "algorithm": self.section.kind,
            "rows": part_sizes(self.rows),
            "preparation": self.chosen.learned.preparation.record,
            "ranking": {**ranking.to_json(), "brier": brier.to_json()},
            "calibration": curve,
            "lift": lift_table(test.labels, self._on_test.scores, how),
            "bands": bands,
            "baselines": others,
            "thresholds": self.thresholds,
            "leak_guard": self.rows.leak_statement,
            "leaks": leaking,
            "fairness": fair,
            **learning.details,
        }
        return Evaluation(metrics, details, self._headline(ranking, bands, others, metrics["base_rate"]))

    @property
    def _test(self) -> Part:
        assert self.rows.test is not None
        return self.rows.test

    @cached_property
    def _on_test(self) -> Answers:
        return self.answers(self._test.values)

    @property
    def _bands(self) -> NDArray[np.int32]:
        """Vocabulary positions from the lowest probability up: the file lists bands from the likeliest down."""
        return np.arange(len(self.section.bands) - 1, -1, -1, dtype=np.int32)

    def _vocabulary(self) -> tuple[SegmentEntry, ...]:
        edges = [0.0, *self.thresholds, 1.0]
        entries = []
        for position, band in enumerate(self.section.bands):
            upper = len(edges) - 1 - position
            span = f"Probability {edges[upper - 1]:.1%} to {edges[upper]:.1%}."
            entries.append(SegmentEntry(band.key, band.label, f"{band.description} {span}"))
        return tuple(entries)

    def _headline(
        self, ranking: Ranking, bands: list[dict[str, Any]], others: list[dict[str, Any]], base_rate: float
    ) -> list[str]:
        top, logistic = bands[0], others[-1]
        precision = top["precision"] or 0.0
        return [
            f"Of the {top['rows']:,} users called {top['label'].lower()!r}, {precision:.0%} did respond; "
            f"among all users {base_rate:.0%} did: {precision / base_rate:.1f} times as many for each one asked.",
            f"They are {top['share']:.0%} of the users and hold {top['recall']:.0%} of all responders.",
            f"Ranking: ROC AUC {ranking.roc_auc.value:.3f} ({ranking.roc_auc.low:.3f} to {ranking.roc_auc.high:.3f}), "
            f"average precision {ranking.average_precision.value:.3f}; a logistic regression on the same rows has "
            f"{logistic['roc_auc']['value']:.3f} and {logistic['average_precision']['value']:.3f}.",
        ]


def fit_labels(
    definition: Definition,
    section: LabelSection,
    rows: TrainingRows,
    *,
    scratch: Path | None = None,
    progress: Progress = _silent,
) -> FittedLabels | FittedClasses:
    """Fit on train, calibrate and cut on validation; the test rows are only looked at by `evaluate`.

    `scratch`: a folder in which a search for parameters keeps its trials, so that a killed one is resumed.
    """
    if definition.tune is not None:
        check_ranges(definition)
    validation = rows.validation
    assert validation is not None
    chosen = choose(definition, rows, scratch, progress)
    raw = chosen.learned.raw(validation.values)
    if class_count(definition) > 2:
        return fit_classes(rows, chosen, raw, progress)
    calibration = calibrate(section.calibration, raw, validation.labels)
    thresholds = choose_thresholds(section.bands, validation.labels, calibration.apply(raw))
    tuned = chosen.definition.algorithm
    assert isinstance(tuned, LabelSection)
    return FittedLabels(tuned, rows, chosen, calibration, thresholds, progress)
