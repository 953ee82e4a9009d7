"""A segmenter scored inside the gateway."""

from __future__ import annotations

from serving.adapters.profiles import profile_of
from serving.domain.deadline import Deadline
from serving.domain.features import Floats
from serving.domain.segmenter import Placement, SegmenterProfile
from serving.ports import RowScore, Scores
from strata.errors import SegmenterUnavailable
from strata.runtime import Package
from strata.runtime.native_call import KernelScore


class EmbeddedSegmenter:
    """Scores on the caller's thread: a row costs microseconds, less than a hop to another one."""

    waits = False

    def __init__(self, package: Package) -> None:
        self.profile: SegmenterProfile = profile_of(package.manifest, package.manifest_sha256, Placement.EMBEDDED)
        self._package = package

    async def score(self, values: Floats, deadline: Deadline) -> Scores:
        try:
            found = self._package.score(values)
        except Exception as error:  # a foreign library's failure is this segmenter's alone
            raise self._failed(error) from error
        return Scores(found.segment_indexes, found.scores)

    def score_row(self, row: Floats) -> RowScore:
        try:
            index, score = self._package.score_row(row)
        except Exception as error:
            raise self._failed(error) from error
        return RowScore(index, score)

    def kernel_score(self) -> tuple[KernelScore, Floats | None] | None:
        """How the C kernel scores one row by itself, and what it takes for missing values; None: it does not."""
        score = self._package.kernel_score()
        return None if score is None else (score, self._package.defaults if self._package.has_defaults else None)

    def _failed(self, error: Exception) -> SegmenterUnavailable:
        return SegmenterUnavailable(self.profile.name, f"scoring failed ({type(error).__name__})")
