"""What is decided before the final fit, on rows that are not tested on: parameters, and features to leave out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.definition import Definition
from training.judge.intervals import Resampling
from training.judge.permutation import permutation_importance
from training.judge.pruning import Pruning, prune
from training.labels.learn import Learned, learn, without
from training.labels.quick import quick_raw
from training.labels.row_folds import row_folds, seen_rows
from training.labels.tune import Tuned, search_scratch, tune
from training.rows import FeatureSchema, Floats, Part, TrainingRows

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Chosen:
    """What is learned with, what came of it, and how it was chosen."""

    definition: Definition
    """With the parameters found and the features left out in it."""
    learned: Learned
    tuned: Tuned | None
    pruning: Pruning | None


def choose(definition: Definition, rows: TrainingRows, scratch: Path | None, progress: Progress) -> Chosen:
    """Search where `tune` is declared, leave out where `judge.prune` is, and learn on the training rows."""
    tuned = None
    if definition.tune is not None:
        seen = seen_rows(rows)
        folds = row_folds(definition, seen, definition.judge.folds).folds
        kept = search_scratch(scratch, definition, seen)
        tuned = tune(definition, rows.schema, seen, folds, scratch=kept, progress=progress)
        definition = tuned.definition
    progress("fitting")
    learned = learn(definition, rows.schema, rows.train)
    if not definition.judge.prune:
        return Chosen(definition, learned, tuned, None)
    pruning = _prune(definition, rows, learned, progress)
    if pruning.left_out:
        definition = without(definition, pruning.left_out)
        learned = learn(definition, rows.schema, rows.train)
    return Chosen(definition, learned, tuned, pruning)


def resampling(definition: Definition, part: Part) -> Resampling:
    """How intervals over these rows are drawn: users whole."""
    return Resampling(definition.judge.resamples, definition.seed, part.users)


def importance(
    definition: Definition, schema: FeatureSchema, learned: Learned, part: Part, progress: Progress
) -> list[dict[str, Any]]:
    """`details["permutation"]` of the features the model reads, on rows it was not fitted on."""
    read = {key: [i] for i, key in enumerate(schema.keys) if key not in definition.prepare.leave_out}
    return permutation_importance(
        quick_raw(learned), part.values, part.labels, read, resampling(definition, part),
        progress=lambda done, of: progress(f"shuffling feature {done} of {of}"),
    )  # fmt: skip


def _prune(definition: Definition, rows: TrainingRows, learned: Learned, progress: Progress) -> Pruning:
    validation = rows.validation
    assert validation is not None

    def refit(left_out: frozenset[str]) -> Floats:
        progress(f"fitting without {len(left_out)} features")
        found = learn(definition, rows.schema, rows.train, left_out) if left_out else learned
        return found.raw(validation.values)

    found = importance(definition, rows.schema, learned, validation, progress)
    return prune(refit, validation.labels, found, resampling(definition, validation))
