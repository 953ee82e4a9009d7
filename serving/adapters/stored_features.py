"""Features from the online state: every table once, one snapshot, evaluated at the instant asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from serving.adapters.feature_values import LayoutUnknownError, read_many, read_one
from serving.adapters.moved_users import MAX_HOPS, moved
from serving.adapters.table_marks import LOOK_S, Features, Readings
from serving.domain.features import FeatureRows, UserRow
from strata.registry.catalog import Catalog
from strata.state.ports import StateReader

T = TypeVar("T")


class StoredFeatures:
    """A FeatureSource over a state in this machine's memory. Reads do not wait."""

    def __init__(
        self,
        state: StateReader,
        catalog: Catalog,
        features: Features,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`features`: per segmenter, the ordered (view, feature) pairs it reads, all of them in the catalog."""
        self._state = state
        self._readings = Readings(catalog, features)
        self._monotonic = monotonic
        self._looked_s = float("-inf")

    def read(self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int) -> list[FeatureRows]:
        return self._current(self._read_many, segmenters, users, at_us)

    def read_user(self, segmenters: tuple[str, ...], user: str, at_us: int) -> list[UserRow]:
        return self._current(self._read_one, segmenters, user, at_us)

    def _current(self, read: Callable[..., T], segmenters: tuple[str, ...], asked: object, at_us: int) -> T:
        """Read by what is believed of the tables, looking at them when that is old or proves wrong."""
        now_s = self._monotonic()
        if now_s - self._looked_s > LOOK_S:
            self._look(now_s)
        try:
            return read(segmenters, asked, at_us, True)
        except LayoutUnknownError:
            self._look(now_s)  # a rebuild with another layout may just have become current
            return read(segmenters, asked, at_us, False)

    def _read_many(
        self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int, strict: bool
    ) -> list[FeatureRows]:
        reading, marks = self._readings.reading(segmenters)
        return read_many(reading, self._rows(reading.tables, users), marks, at_us, strict=strict)

    def _read_one(self, segmenters: tuple[str, ...], user: str, at_us: int, strict: bool) -> list[UserRow]:
        reading, marks = self._readings.reading(segmenters)
        own_rows = [rows[0] for rows in self._rows(reading.tables, (user,))]
        return read_one(reading, own_rows, marks, at_us, strict=strict)

    def _rows(self, tables: Sequence[str], users: Sequence[str]) -> list[list[bytes | None]]:
        stored = self._state.read_views(tables, users)
        for _ in range(MAX_HOPS):
            targets = moved(stored, users)
            if not targets:
                break
            found = self._state.read_views(tables, list(targets.values()))
            for rows, others in zip(stored, found, strict=True):
                for position, row in zip(targets, others, strict=True):
                    rows[position] = row
        return stored

    def _look(self, now_s: float) -> None:
        tables, state = self._readings.tables, self._state
        version = state.version()
        self._readings.take(
            version,
            {table: state.note(table) for table in tables} if version != self._readings.version else {},
            {table: state.watermark_us(table) for table in tables},
        )
        self._looked_s = now_s
