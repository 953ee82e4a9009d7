"""One model learned from rows. Whatever is fitted (preparation, balance, the model) is fitted on those rows alone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from training.algorithms import label_algorithm
from training.algorithms.port import Scorer
from training.definition import Definition
from training.judge.cross_validation import FitScore
from training.prepare.fit import fit_preparation
from training.prepare.fitted_steps import FittedSteps
from training.prepare.resample import Balanced, balance
from training.rows import FeatureSchema, Floats, Part
from training.sections import LabelSection


@dataclass(frozen=True)
class Learned:
    """A preparation and the model that reads what it makes."""

    preparation: FittedSteps
    rows: Balanced
    """Prepared and balanced: what the model was fitted on."""
    scorer: Scorer

    def raw(self, values: Floats) -> Floats:
        """See `Scorer.raw`, of raw rows [n, f]."""
        return self.scorer.raw(self.preparation.apply(values))


def class_count(definition: Definition) -> int:
    """Two, or as many as the label has classes."""
    return len(definition.label.classes) if definition.label is not None and definition.label.classes else 2


def learn(definition: Definition, schema: FeatureSchema, part: Part, leave_out: Collection[str] = ()) -> Learned:
    """`leave_out`: features left out beside those the file leaves out. Deterministic by the definition's seed."""
    section = definition.algorithm
    assert isinstance(section, LabelSection)
    algorithm = label_algorithm(section)
    preparation = fit_preparation(
        without(definition, leave_out), schema, part.values, part.labels, part.users,
        reads_missing=algorithm.reads_missing,
    )  # fmt: skip
    rows = balance(
        definition.balance, preparation.training, part.labels[preparation.kept], preparation.nominal, definition.seed
    )
    scorer = algorithm.fit(
        rows.values, rows.labels, rows.weights, section, classes=class_count(definition), seed=definition.seed
    )
    return Learned(preparation, rows, scorer)


def fit_score(
    definition: Definition, schema: FeatureSchema, watch: Callable[[Part, Learned], None] = lambda part, learned: None
) -> FitScore:
    """`learn` as judges call it; `watch` sees each model that is learned and from what, from several threads."""

    def found(part: Part, judged: Floats) -> Floats:
        learned = learn(definition, schema, part)
        watch(part, learned)
        return learned.raw(judged)

    return found


def without(definition: Definition, leave_out: Collection[str]) -> Definition:
    """The definition with more features left out."""
    if not leave_out:
        return definition
    left_out = (*definition.prepare.leave_out, *sorted(leave_out))
    return definition.model_copy(update={"prepare": definition.prepare.model_copy(update={"leave_out": left_out})})
