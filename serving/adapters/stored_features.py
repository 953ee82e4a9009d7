"""Features from the online state: every table once, one snapshot, evaluated at the instant asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from serving.adapters.feature_values import LayoutUnknownError, evaluate, read_many
from serving.adapters.moved_users import MAX_HOPS, has_moved, moved
from serving.adapters.table_marks import LOOK_S, Features, Readings
from serving.domain.features import FeatureRows, StoredUser, UserRow
from strata.registry.catalog import Catalog
from strata.state.ports import StateReader


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
        self._look_when_due()
        try:
            return self._read(segmenters, users, at_us, strict=True)
        except LayoutUnknownError:
            self._look()  # a rebuild with another layout may just have become current
            return self._read(segmenters, users, at_us, strict=False)

    def find_user(self, segmenters: tuple[str, ...], user: str) -> StoredUser:
        self._look_when_due()
        reading, marks = self._readings.reading(segmenters)
        return StoredUser(segmenters, user, self._state.read_user(reading.tables, user), reading, marks)

    def evaluate_user(self, found: StoredUser, at_us: int) -> list[UserRow]:
        if has_moved(found.rows):
            found = self._follow(found)
        try:
            return evaluate(found, at_us, strict=True)
        except LayoutUnknownError:
            self._look()
            return evaluate(self._follow(found), at_us, strict=False)

    def _follow(self, found: StoredUser) -> StoredUser:
        """The rows again, of whom the user has become."""
        reading, marks = self._readings.reading(found.segmenters)
        rows = [rows[0] for rows in self._rows(reading.tables, (found.user,))]
        return StoredUser(found.segmenters, found.user, rows, reading, marks)

    def _read(
        self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int, *, strict: bool
    ) -> list[FeatureRows]:
        reading, marks = self._readings.reading(segmenters)
        return read_many(reading, self._rows(reading.tables, users), marks, at_us, strict=strict)

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

    def _look_when_due(self) -> None:
        if self._monotonic() - self._looked_s > LOOK_S:
            self._look()

    def _look(self) -> None:
        tables, state = self._readings.tables, self._state
        version = state.version()
        self._readings.take(
            version,
            {table: state.note(table) for table in tables} if version != self._readings.version else {},
            {table: state.watermark_us(table) for table in tables},
        )
        self._looked_s = self._monotonic()
