"""Leaks planted in a real training, and whether the checks that found none before find each of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from training.dated_kinds import dated_kinds
from training.definition import Definition
from training.gather import gather
from training.history import History
from training.judge.folds import grouped_folds, stratified_folds
from training.judge.leaks.alarms import separation_check
from training.judge.leaks.check import Check
from training.judge.leaks.dates import DATES, dates_check
from training.judge.leaks.parts import users_check
from training.judge.leaks.recomputed import FEATURES
from training.judge.leaks.resampled import Used, resampling_check, trace
from training.lab.midnights import write_midnights
from training.lab.peeking import PeekingReader
from training.labels.row_folds import seen_rows
from training.labels.schedule import lay_out
from training.reader import FeatureReader
from training.rows import Floats, Part, TrainingRows
from training.source_checks import source_checks

AHEAD_US: Final = 10 * 86_400_000_000
FOLDS: Final = 5


@dataclass(frozen=True)
class Planted:
    """One leak: the same check without it and with it."""

    leak: str
    clean: Check
    planted: Check
    seconds: float

    @property
    def caught(self) -> bool:
        """Found where it is, and not where it is not."""
        return self.clean.passed and not self.planted.passed

    def to_json(self) -> dict[str, Any]:
        return {
            "leak": self.leak,
            "caught": self.caught,
            "clean": self.clean.to_json(),
            "planted": self.planted.to_json(),
            "seconds": self.seconds,
        }


def plant_leaks(
    definition: Definition,
    reader: FeatureReader,
    history: History,
    as_of_us: int,
    progress: Callable[[str], None] = lambda stage: None,
) -> list[Planted]:
    """Of a supervised segmenter with label dates, on its own rows. Nothing is written but in a temporary folder."""
    progress("reading features")
    rows = gather(definition, reader, history, as_of_us).rows
    seen = seen_rows(rows)

    def both(leak: str, clean: Callable[[], Check], planted: Callable[[], Check]) -> Planted:
        progress(leak)
        began = time.perf_counter()
        return Planted(leak, clean(), planted(), time.perf_counter() - began)

    return [
        both(
            f"features computed {AHEAD_US // 86_400_000_000} days after the label date",
            lambda: _of(rows.checks, FEATURES),
            lambda: _peeked(definition, rows, reader, history, as_of_us),
        ),
        both(
            "a feature made from the label",
            lambda: separation_check(seen.values, seen.labels, rows.schema.keys),
            lambda: separation_check(_with_label(seen), seen.labels, [*rows.schema.keys, "planted:from_label"]),
        ),
        both("a user in two folds", lambda: _folded(seen, by_user=True), lambda: _folded(seen, by_user=False)),
        both(
            "SMOTE before the split",
            lambda: _resampled(seen, first=False),
            lambda: _resampled(seen, first=True),
        ),
        both(
            "date-only facts counted from the beginning of their day",
            lambda: _of(rows.checks, DATES),
            lambda: _midnights(definition, history),
        ),
    ]


def _of(checks: Iterable[Check], name: str) -> Check:
    return next(check for check in checks if check.check == name)


def _peeked(
    definition: Definition, rows: TrainingRows, reader: FeatureReader, history: History, as_of_us: int
) -> Check:
    assert definition.label is not None
    assert definition.split is not None
    plan = lay_out(as_of_us, definition.label.horizon_days, definition.split, history.first_event_us())
    return _of(source_checks(definition, rows.schema, PeekingReader(reader, AHEAD_US), history, plan), FEATURES)


def _with_label(seen: Part) -> Floats:
    """A column more: the label, blurred so that no threshold gives it away."""
    noise = np.random.default_rng(0).normal(0, 0.2, len(seen.labels))
    return np.column_stack([seen.values, seen.labels + noise])


def _folded(seen: Part, *, by_user: bool) -> Check:
    assert seen.users is not None
    laid = grouped_folds(seen.users, seen.labels, FOLDS) if by_user else stratified_folds(seen.labels, FOLDS)
    return users_check(laid, seen.users)


def _resampled(seen: Part, *, first: bool) -> Check:
    """`first`: rows are made up from all rows, and those that are judged are taken out afterwards."""
    from imblearn.over_sampling import SMOTE  # type: ignore[import-untyped]

    values, fold = _finite(seen.values), stratified_folds(seen.labels, FOLDS)[0]
    given = np.arange(len(values)) if first else fold.train
    made, _ = SMOTE(random_state=0).fit_resample(values[given], seen.labels[given])
    origins = np.r_[given, trace(made[len(given) :], values)]
    kept = ~np.isin(origins, fold.test)
    return resampling_check(values, fold, Used(made[kept], origins[kept]), Used(values[fold.test], fold.test))


def _finite(values: Floats) -> Floats:
    """Missing is the median; columns have deviation 1, as neighbours need."""
    known = values[:, np.isfinite(values).any(axis=0)]
    filled = np.where(np.isnan(known), np.nanmedian(known, axis=0), known)
    spread = filled.std(axis=0)
    scaled: Floats = filled / np.where(spread > 0, spread, 1.0)
    return scaled


def _midnights(definition: Definition, history: History) -> Check:
    assert definition.label is not None
    with TemporaryDirectory(prefix="strata-midnights-") as folder:
        write_midnights(history.folder, Path(folder), definition.label.event_type)
        return dates_check(dated_kinds(Path(folder)))
