"""Learned on several label dates, calibrated and cut into bands on a later slice of time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from strata.errors import InputInvalid
from strata.runtime import SegmentEntry
from strata.runtime.calibration import Calibration, Isotonic, Platt
from training.algorithms import label_algorithm
from training.algorithms.port import Exported, Scorer
from training.definition import Definition
from training.labels.baselines import baselines
from training.labels.curves import Ranking, calibration_curve, expected_calibration_error, rank
from training.labels.thresholds import choose_thresholds
from training.prepare.fit import fit_preparation
from training.prepare.fitted_steps import FittedSteps
from training.rows import Answers, Evaluation, Export, Floats, Part, TrainingRows
from training.sections import LabelSection


@dataclass(frozen=True)
class FittedLabels:
    """A scorer, its calibration and thresholds, and the rows they come from."""

    definition: Definition
    section: LabelSection
    rows: TrainingRows
    preparation: FittedSteps
    scorer: Scorer
    calibration: Calibration
    thresholds: list[float]

    def export(self) -> Export:
        found = self.scorer.export()
        decision = {
            "calibration": self.calibration.to_json(),
            "thresholds": self.thresholds,
            "bands": self._bands.tolist(),
        }
        whole = self.preparation.wrap(Exported({**found.model, **decision}, found.files))
        return Export(whole.model, whole.files, self._vocabulary(), "calibrated_probability")

    def answers(self, values: Floats) -> Answers:
        raw = self.scorer.raw(self.preparation.apply(values))
        probability = self.calibration.apply(raw)
        position = np.searchsorted(self.thresholds, probability, side="right")
        return Answers(self._bands[position], probability)

    def evaluate(self) -> Evaluation:
        test = self.rows.test
        assert test is not None
        ranking = rank(test.labels, self._on_test.scores, seed=self.definition.seed)
        curve = calibration_curve(test.labels, self._on_test.scores)
        bands = self._band_table(test)
        metrics = {
            "roc_auc": ranking.roc_auc.value,
            "average_precision": ranking.average_precision.value,
            "brier": float(np.mean((self._on_test.scores - test.labels) ** 2)),
            "calibration_error": expected_calibration_error(curve),
            "base_rate": float(test.labels.mean()),
            "precision_top_band": float(bands[0]["precision"] or 0.0),
            "recall_top_band": float(bands[0]["recall"]),
        }
        others = baselines(self.rows, self.definition.baseline, self.definition.seed)
        details = {
            "kind": "labels",
            "rows": {
                "train": len(self.rows.train.labels),
                "validation": self._size(self.rows.validation),
                "test": len(test.labels),
            },
            "ranking": ranking.to_json(),
            "calibration": curve,
            "bands": bands,
            "importances": self._importances(),
            "baselines": others,
            "thresholds": self.thresholds,
            "leak_guard": self.rows.leak_statement,
            "preparation": self.preparation.record,
        }
        return Evaluation(metrics, details, self._headline(ranking, bands, others, metrics["base_rate"]))

    @cached_property
    def _on_test(self) -> Answers:
        assert self.rows.test is not None
        return self.answers(self.rows.test.values)

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

    def _band_table(self, test: Part) -> list[dict[str, Any]]:
        out: list[dict[str, Any]] = []
        for index, band in enumerate(self.section.bands):
            chosen = self._on_test.segment_indexes == index
            hits = int(test.labels[chosen].sum())
            out.append(
                {
                    "segment": band.key,
                    "label": band.label,
                    "rows": int(chosen.sum()),
                    "share": float(chosen.mean()),
                    "positives": hits,
                    "precision": hits / int(chosen.sum()) if chosen.any() else None,
                    "recall": hits / max(int(test.labels.sum()), 1),
                }
            )
        return out

    def _importances(self) -> list[dict[str, Any]]:
        """Mean absolute contributions (SHAP) on the test rows, as shares."""
        assert self.rows.test is not None
        found = self.scorer.contributions(self.preparation.apply(self.rows.test.values))
        if found is None:
            return []
        ranked = sorted(
            zip(self.preparation.names, np.abs(found[:, :-1]).mean(axis=0).tolist(), strict=True),
            key=lambda pair: -pair[1],
        )
        total = sum(each for _, each in ranked) or 1.0
        return [{"feature": name, "share": each / total} for name, each in ranked]

    def _headline(
        self, ranking: Ranking, bands: list[dict[str, Any]], others: list[dict[str, Any]], base_rate: float
    ) -> list[str]:
        top, logistic = bands[0], others[-1]
        precision = top["precision"] or 0.0
        sentences = [
            f"Of the {top['rows']:,} users called {top['label'].lower()!r}, {precision:.0%} did respond; "
            f"among all users {base_rate:.0%} did: {precision / base_rate:.1f} times as many per coupon.",
            f"They are {top['share']:.0%} of the users and hold {top['recall']:.0%} of all responders.",
            f"Ranking: ROC AUC {ranking.roc_auc.value:.3f} ({ranking.roc_auc.low:.3f} to {ranking.roc_auc.high:.3f}), "
            f"average precision {ranking.average_precision.value:.3f}; a logistic regression on the same rows has "
            f"{logistic['roc_auc']:.3f} and {logistic['average_precision']:.3f}.",
        ]
        return sentences

    @staticmethod
    def _size(part: Part | None) -> int:
        return 0 if part is None else len(part.labels)


def fit_labels(definition: Definition, section: LabelSection, rows: TrainingRows) -> FittedLabels:
    """Fit on train, calibrate and cut on validation; the test rows are only looked at by `evaluate`."""
    validation = rows.validation
    assert validation is not None
    assert rows.test is not None
    for name, part in (("training", rows.train), ("validation", validation), ("test", rows.test)):
        if len(np.unique(part.labels)) < 2:
            raise InputInvalid(f"{definition.name}: the {name} rows hold one class only; import a longer history")
    algorithm, train = label_algorithm(section), rows.train
    preparation = fit_preparation(
        definition, rows.schema, train.values, train.labels, train.users, reads_missing=algorithm.reads_missing
    )
    values, labels = preparation.training, train.labels[preparation.kept]
    scorer = algorithm.fit(values, labels, class_weights(labels), section, classes=2, seed=definition.seed)
    raw = scorer.raw(preparation.apply(validation.values))
    calibration = _calibrate(section.calibration, raw, validation.labels)
    thresholds = choose_thresholds(section.bands, validation.labels, calibration.apply(raw))
    return FittedLabels(definition, section, rows, preparation, scorer, calibration, thresholds)


def class_weights(labels: NDArray[np.int8]) -> Floats:
    """[n]: both classes weigh the same together, and a negative row 1."""
    positive = float(labels.mean())
    return np.where(labels == 1, (1 - positive) / positive, 1.0)


def _calibrate(kind: str, raw: Floats, labels: NDArray[np.int8]) -> Calibration:
    if kind == "isotonic":
        fitted = IsotonicRegression(out_of_bounds="clip").fit(raw, labels)
        return Isotonic(fitted.X_thresholds_.astype(np.float64), fitted.y_thresholds_.astype(np.float64))
    line = LogisticRegression(C=1e6, max_iter=1_000).fit(raw[:, None], labels)
    return Platt(float(line.coef_[0, 0]), float(line.intercept_[0]))
