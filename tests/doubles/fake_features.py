"""A FeatureSource over a dictionary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from serving.domain.features import NO_WATERMARK, FeatureRows, StoredUser, UserRow, feature_rows
from strata.errors import StoreUnavailable

WATERMARK_US = 1_512_000_000_000_000
DAMAGED = "damaged"


class FakeFeatures:
    """Known users have the same row for every segmenter, cut to its width; of a damaged one nothing is read.

    Faults are fields.
    """

    def __init__(self, rows: Mapping[str, Sequence[float]], widths: Mapping[str, int] | None = None) -> None:
        self.rows = dict(rows)
        self.widths = dict(widths or {})
        self.down = False
        self.reads: list[tuple[tuple[str, ...], int]] = []
        """(segmenters, users) of each read."""

    def read(self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int) -> list[FeatureRows]:
        self.reads.append((segmenters, len(users)))
        if self.down:
            raise StoreUnavailable("as told")
        return [self._rows(self.widths.get(key.partition("@")[0], 2), users) for key in segmenters]

    def find_user(self, segmenters: tuple[str, ...], user: str) -> StoredUser:
        rows = self.read(segmenters, [user], 0)
        return StoredUser(segmenters, user, [], rows, [])

    def evaluate_user(self, found: StoredUser, at_us: int) -> list[UserRow]:
        return [_alone(rows) for rows in found.reading]  # type: ignore[attr-defined]

    def _rows(self, width: int, users: Sequence[str]) -> FeatureRows:
        nothing = [np.nan] * width
        known = np.array([user in self.rows and user != DAMAGED for user in users])
        found = [self.rows[user] if there else nothing for user, there in zip(users, known, strict=True)]
        values = np.array([list(row)[:width] for row in found], dtype=np.float64)
        damaged = np.array([user == DAMAGED for user in users])
        watermark = np.where(known, WATERMARK_US, NO_WATERMARK)
        return feature_rows(values, known, watermark, damaged if damaged.any() else None)


def _alone(rows: FeatureRows) -> UserRow:
    return UserRow(
        rows.values[0], rows.all_known, rows.watermark_us.item(), rows.complete, damaged=rows.damaged is not None
    )
