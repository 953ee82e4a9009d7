"""Ways to balance the classes: each learned on the training rows, judged on the validation rows."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from training.labels.choosing import Chosen, Progress
from training.labels.learn import learn
from training.prepare.balances import Trial, compare_balances
from training.prepare.resample import Way
from training.rows import TrainingRows

_MOST_ROWS: Final = 50_000
"""SMOTE looks for the neighbours of each rare row; the ways differ no less on so many."""


def compare_ways(rows: TrainingRows, chosen: Chosen, progress: Progress) -> dict[str, Any]:
    """`details["balance"]`. What is fitted on labels or neighbours is fitted anew in each way."""
    definition, train, validation = chosen.definition, rows.train, rows.validation
    assert validation is not None
    whole = len(train.labels) <= _MOST_ROWS
    if not whole:
        some = np.random.default_rng(definition.seed).permutation(len(train.labels))[:_MOST_ROWS]
        train = train.chosen(np.sort(some))

    def trial(way: Way) -> Trial:
        progress(f"balancing classes by {way}")
        asked = definition.model_copy(update={"balance": way})
        same = way == definition.balance and whole
        learned = chosen.learned if same else learn(asked, rows.schema, train)
        seen = learned.scorer.raw(learned.rows.values)
        return Trial(learned.rows, seen, float(train.labels.mean()), learned.raw(validation.values))

    return compare_balances(trial, validation, chosen=definition.balance, seed=definition.seed)
