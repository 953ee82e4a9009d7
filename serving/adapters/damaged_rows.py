"""Evaluating a batch in which some stored rows are damaged: one bad row must not fail the other users."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from serving.domain.features import Bools
from strata.features.evaluate import evaluate
from strata.features.evaluated import Evaluated
from strata.features.plan import Plan
from strata.features.row import RowDamaged

Stored = list[bytes | None]


def evaluate_sound(plans: Sequence[Plan], stored: Sequence[Stored], at_us: int) -> tuple[list[Evaluated], Bools]:
    """Evaluate with damaged rows left out; also which users had one."""
    damaged = np.zeros(len(stored[0]), dtype=np.bool_)
    found = []
    for plan, rows in zip(plans, stored, strict=True):
        bad = [position for position, row in enumerate(rows) if not _is_sound(plan, row, at_us)]
        damaged[bad] = True
        sound = [None if position in bad else row for position, row in enumerate(rows)]
        found.append(evaluate(plan, sound, at_us))
    return found, damaged


def _is_sound(plan: Plan, row: bytes | None, at_us: int) -> bool:
    try:
        evaluate(plan, [row], at_us)
    except RowDamaged:
        return False
    return True
