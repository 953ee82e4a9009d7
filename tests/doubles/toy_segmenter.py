"""Segmenters whose answers can be computed in the head: the first feature, as an index into the vocabulary."""

from __future__ import annotations

import asyncio

import numpy as np

from serving.domain.deadline import Deadline
from serving.domain.features import Floats
from serving.domain.segmenter import Placement, ScoreMeaning, SegmenterProfile, SegmentMeaning
from serving.ports import RowScore, Scores
from strata.errors import SegmenterUnavailable


def toy_profile(
    name: str = "toy", version: str = "0123456789ab", features: int = 2, placement: Placement = Placement.EMBEDDED
) -> SegmenterProfile:
    """Three segments, `low middle high`; the fallback is `low`; reads `orders:f0`, `orders:f1`, ..."""
    return SegmenterProfile(
        name=name,
        version=version,
        description=f"The toy {name}.",
        vocabulary=tuple(SegmentMeaning(k, k.capitalize(), f"The {k} ones.") for k in ("low", "middle", "high")),
        fallback_index=0,
        score_meaning=ScoreMeaning.MARGIN,
        feature_service=name,
        features=tuple(("orders", f"f{i}") for i in range(features)),
        schema_fingerprint="00112233445566ff",
        manifest_sha256="ab" * 32,
        placement=placement,
        created_at_us=1_512_104_400_000_000,
    )


class ToySegmenter:
    """Segment = first feature (missing: 0), score = half the second (missing: 0). Faults are fields."""

    def __init__(self, profile: SegmenterProfile | None = None, *, waits: bool = False) -> None:
        self.profile = profile or toy_profile()
        self.waits = waits
        self.down = self.slow = self.hangs = False
        self.asked: list[int] = []
        """How many rows each call had."""

    async def score(self, values: Floats, deadline: Deadline) -> Scores:
        if self.hangs:
            await asyncio.Event().wait()
        return self._scores(values)

    def score_row(self, row: Floats) -> RowScore:
        found = self._scores(row.reshape(1, -1))
        return RowScore(found.segment_indexes.item(), found.scores.item())

    def _scores(self, values: Floats) -> Scores:
        self.asked.append(len(values))
        if self.down or self.slow:
            raise SegmenterUnavailable(self.profile.name, "as told", timed_out=self.slow)
        filled = np.nan_to_num(values)
        return Scores(filled[:, 0].astype(np.int32), (filled[:, 1] / 2).astype(np.float32))
