"""Leaks that show in the rows themselves and in how they are laid, beside those of what they were read from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputInvalid
from strata.events import DAY_US
from training.definition import Definition
from training.judge.folds import Fold
from training.judge.leaks.alarms import lag_check, lagged_rows, separation_check
from training.judge.leaks.check import Check, leaks
from training.judge.leaks.parts import ACROSS_FOLDS, users_check, windows_check
from training.labels.balanced_leaks import balanced_leaks
from training.labels.folds_inside import inside_checks
from training.labels.learn import Learned
from training.labels.row_folds import row_folds, seen_rows
from training.rows import Part, TrainingRows


def row_leaks(
    definition: Definition, rows: TrainingRows, learned: Learned, also: Sequence[Check] = ()
) -> list[dict[str, Any]]:
    """`details["leaks"]`: what was checked while the rows were read; no feature tells the label by itself; no label
    window lies in two parts or two sides of a fold, and, where rows have no instants, no user does; what is encoded by
    labels is encoded without its user's own; what was resampled came from the training rows.

    `also`: what was checked while the way of learning was judged.
    """
    seen = seen_rows(rows)
    checks = [separation_check(seen.values, seen.labels, rows.schema.keys)]
    if seen.times_us is not None:
        checks += _dated(definition, rows, seen)
    elif seen.users is not None:
        checks.append(_apart(rows))
    judged = [part for part in (rows.validation, rows.test) if part is not None]
    checks += [*_folded(definition, seen), *inside_checks([(learned.preparation.dealt, rows.train.users)]), *also]
    return leaks([*rows.checks, *checks, *balanced_leaks(definition, learned, judged)])


def _folded(definition: Definition, seen: Part) -> list[Check]:
    """Of the folds that parameters are chosen and the model is judged on; of several windows the nearest."""
    try:
        laid = row_folds(definition, seen, definition.judge.folds)
    except InputInvalid:
        return []
    if laid.kind != "time":
        return [] if seen.users is None else [users_check(laid.folds, seen.users)]
    assert definition.label is not None
    times, horizon_us = _times(seen), definition.label.horizon_days * DAY_US
    found = [windows_check(times[f.train], times[f.test], horizon_us, "a fold's", ACROSS_FOLDS) for f in laid.folds]
    return [min(found, key=lambda check: check.passed)]


def _dated(definition: Definition, rows: TrainingRows, seen: Part) -> list[Check]:
    assert definition.label is not None
    horizon_us = definition.label.horizon_days * DAY_US
    train, validation, test = (_times(part) for part in (rows.train, rows.validation, rows.test))
    checks = [
        windows_check(train, validation, horizon_us, "training and validation"),
        windows_check(validation, test, horizon_us, "validation and test"),
    ]
    if seen.users is not None and seen.times_us is not None:
        now, then = lagged_rows(seen.users, seen.times_us, horizon_us)
        if len(now):
            checks.append(lag_check(seen.values[now], seen.values[then], seen.labels[now], rows.schema.keys))
    return checks


def _apart(rows: TrainingRows) -> Check:
    parts = [part.users for part in (rows.train, rows.validation, rows.test) if part is not None]
    users = np.concatenate([found for found in parts if found is not None])
    where = np.repeat(np.arange(len(parts)), [len(found) for found in parts if found is not None])
    return users_check([Fold(np.flatnonzero(where == 0), np.flatnonzero(where > 0))], users)


def _times(part: Part | None) -> NDArray[np.int64]:
    assert part is not None
    assert part.times_us is not None
    return part.times_us
