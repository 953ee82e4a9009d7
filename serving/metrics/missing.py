"""Which features have no value: counted on one call in sixteen, from the rows the answer was made of."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Final

import numpy as np

from serving.domain.assignments import Answer, LiveAnswer
from serving.domain.segmenter import SegmenterProfile
from serving.metrics.named_numbers import NamedNumbers
from serving.ports import AnswerMeter

ONE_IN: Final = 16
"""Looking at every call costs it 5.0 us, at one in sixteen 0.4 us: 8 of 56 values missing; 0.7 and 0.1 us with none
(2026-11)."""
MOST_FEATURES: Final = 2_048
"""Over all segmenters; features past that are not counted."""
ROWS: Final = "(rows)"
"""The name beside a segmenter's features under which its rows are counted."""


def open_missing(path: Path) -> NamedNumbers:
    """A worker's file of missing values."""
    return NamedNumbers(path, MOST_FEATURES)


class SampledMissing:
    """An AnswerMeter that hands on, and looks at some of the answers for values that are not there.

    The gaps between the answers looked at are random, so that no rhythm of the callers hides behind them. Rows of
    users nobody knows hold no values and are not counted.
    """

    def __init__(self, inner: AnswerMeter, names: NamedNumbers, draw: random.Random | None = None) -> None:
        self._inner, self._names, self._numbers = inner, names, names.numbers
        self._draw = draw or random.Random()
        self._left = self._gap()
        self._places: dict[tuple[str, str], tuple[int | None, list[int | None]]] = {}

    def answered(self, answer: Answer) -> None:
        self._inner.answered(answer)
        self._left -= 1
        if self._left <= 0:
            self._left = self._gap()
            for column in answer.columns:
                rows = column.rows
                if rows is not None:
                    known = rows.values if rows.all_known else rows.values[rows.known]
                    self._count(column.profile, len(known), None if rows.complete else np.isnan(known).sum(axis=0))

    def answered_live(self, answer: LiveAnswer) -> None:
        self._inner.answered_live(answer)
        self._left -= 1
        if self._left <= 0:
            self._left = self._gap()
            for profile, _, _, row in answer.assignments:
                self._count(profile, 1, None if row.complete else np.isnan(row.values))

    def _gap(self) -> int:
        """1 to 31 answers, 16 in the mean."""
        return self._draw.randint(1, 2 * ONE_IN - 1)

    def _count(self, profile: SegmenterProfile, rows: int, missing: Any) -> None:
        total, features = self._places.get((profile.name, profile.version)) or self._place(profile)
        if total is not None:
            self._numbers[total] += rows
        if missing is not None:
            for feature in np.flatnonzero(missing).tolist():
                position = features[feature]
                if position is not None:
                    self._numbers[position] += float(missing[feature])

    def _place(self, profile: SegmenterProfile) -> tuple[int | None, list[int | None]]:
        features = [self._names.position(profile.name, key) for key in profile.feature_keys]
        found = self._names.position(profile.name, ROWS), features
        self._places[profile.name, profile.version] = found
        return found
