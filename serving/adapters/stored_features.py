"""Features from the online state: every view once, one snapshot, evaluated at the instant asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import numpy as np
from numpy.typing import NDArray

from serving.adapters.damaged_rows import evaluate_sound
from serving.adapters.feature_columns import Reading, plan_reading
from serving.adapters.single_features import read_one
from serving.domain.features import NO_WATERMARK, FeatureRows, Micros, feature_rows
from strata.features.evaluate import evaluate
from strata.features.evaluated import NO_TIME, Evaluated
from strata.features.row import RowDamaged
from strata.registry.catalog import Catalog
from strata.state.ports import StateReader

WATERMARK_S: Final = 1.0
"""How long a view's watermark is believed: a rebuild moves it every few minutes, a read of it costs a lookup."""
_NEWER_THAN_ANY: Final = np.iinfo(np.int64).max


class StoredFeatures:
    """A FeatureSource over `strata.state`. Reads do not wait: the state is memory."""

    def __init__(
        self,
        state: StateReader,
        catalog: Catalog,
        features: Mapping[str, Sequence[tuple[str, str]]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`features`: per segmenter, the ordered (view, feature) pairs it reads, all of them in the catalog."""
        self._state, self._catalog, self._features = state, catalog, features
        self._readings: dict[tuple[str, ...], Reading] = {}
        self._watermarks: dict[Reading, tuple[float, tuple[Micros, list[int]]]] = {}
        self._monotonic = monotonic

    def read(self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int) -> list[FeatureRows]:
        reading = self._readings.get(segmenters) or self._plan(segmenters)
        stored = self._state.read_views(reading.views, users)
        if len(users) == 1:
            with suppress(RowDamaged):
                return read_one(reading, stored, self._view_watermarks(reading)[1], at_us)
        damaged = None
        try:
            found = [evaluate(plan, rows, at_us) for plan, rows in zip(reading.plans, stored, strict=True)]
        except RowDamaged:
            found, damaged = evaluate_sound(reading.plans, stored, at_us)
        return self._slice(reading, found, damaged)

    def _plan(self, segmenters: tuple[str, ...]) -> Reading:
        reading = plan_reading(self._catalog, [self._features[name] for name in segmenters])
        if len(self._readings) < 256:  # callers choose the combinations: what is kept for them is bounded
            self._readings[segmenters] = reading
        return reading

    def _slice(
        self, reading: Reading, found: Sequence[Evaluated], damaged: NDArray[np.bool_] | None
    ) -> list[FeatureRows]:
        values = found[0].values if len(found) == 1 else np.concatenate([each.values for each in found], axis=1)
        known = np.array([each.newest_us for each in found]) != NO_TIME
        watermarks = self._watermark(reading, found)
        rows = []
        for part in reading.slices:
            if part.all_views:
                part_known, part_watermarks = known, watermarks
            else:
                part_known, part_watermarks = known[part.views], watermarks[part.views]
            oldest = part_watermarks.min(axis=0)
            oldest[oldest == _NEWER_THAN_ANY] = NO_WATERMARK
            rows.append(feature_rows(values.take(part.columns, axis=1), part_known.any(axis=0), oldest, damaged))
        return rows

    def _watermark(self, reading: Reading, found: Sequence[Evaluated]) -> Micros:
        """[views, n]: the newer of what the view and the user's row have got to; the greatest int64 when neither says.

        A fact's row says when the fact was true, not how far the view had got, so row views go by the view alone.
        """
        rows = np.array([each.watermark_us for each in found])
        rows[reading.row_views] = NO_TIME
        newer: Micros = np.maximum(rows, self._view_watermarks(reading)[0], out=rows)
        newer[newer == NO_TIME] = _NEWER_THAN_ANY
        return newer

    def _view_watermarks(self, reading: Reading) -> tuple[Micros, list[int]]:
        """Per view, as a column and as a list; NO_TIME for a view that never committed one."""
        now_s = self._monotonic()
        cached = self._watermarks.get(reading)
        if cached is None or now_s - cached[0] > WATERMARK_S:
            marks = [self._state.watermark_us(view) for view in reading.views]
            listed = [NO_TIME if mark is None else mark for mark in marks]
            column = np.array(listed, dtype=np.int64).reshape(-1, 1)
            cached = self._watermarks[reading] = (now_s, (column, listed))
        return cached[1]
