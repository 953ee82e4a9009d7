"""Whether rows were resampled inside the training rows alone: looked at in the rows a model was really fitted on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.definition import Definition
from training.judge.folds import Fold
from training.judge.leaks.check import Check
from training.judge.leaks.resampled import Used, resampling_check, trace
from training.labels.learn import Learned
from training.rows import Part

RESAMPLING = frozenset({"smote", "under"})


def balanced_leaks(definition: Definition, learned: Learned, judged: Sequence[Part]) -> list[Check]:
    """Nothing to check where no row is made up or left out, nor where there are categories alone."""
    width = learned.rows.values.shape[1]
    nominal = {column for group in learned.preparation.nominal for column in group}
    quantities = [column for column in range(width) if column not in nominal]
    if definition.balance not in RESAMPLING or not quantities:
        return []
    own = learned.preparation.training
    held = np.vstack([learned.preparation.apply(part.values) for part in judged])
    everything, rows = np.vstack([own, held]), np.arange(len(own) + len(held))
    fold = Fold(rows[: len(own)], rows[len(own) :])
    # Traced by every column, judged by those that are interpolated.
    fitted = Used(learned.rows.values[:, quantities], trace(learned.rows.values, everything))
    return [resampling_check(everything[:, quantities], fold, fitted, Used(held[:, quantities], fold.test))]
