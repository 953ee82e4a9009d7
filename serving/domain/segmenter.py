"""What a gateway knows of a segmenter it serves."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


class Placement(IntEnum):
    """Where a segmenter runs. Numbers as in the contract."""

    EMBEDDED = 1
    REMOTE = 2


class ScoreMeaning(IntEnum):
    """How a score may be read. Numbers as in the contract."""

    CALIBRATED_PROBABILITY = 1
    POSTERIOR = 2
    MARGIN = 3


@dataclass(frozen=True)
class SegmentMeaning:
    """One entry of a vocabulary."""

    key: str
    label: str
    description: str


@dataclass(frozen=True)
class SegmenterProfile:
    """One exact version of one segmenter, as served."""

    name: str
    version: str
    description: str
    vocabulary: tuple[SegmentMeaning, ...]
    fallback_index: int
    """The vocabulary's position given to unknown users and when nothing better can be had."""
    score_meaning: ScoreMeaning
    feature_service: str
    features: tuple[tuple[str, str], ...]
    """(view, feature) in the order the model reads them."""
    schema_fingerprint: str
    manifest_sha256: str
    placement: Placement
    created_at_us: int
    key: str = field(init=False, repr=False, compare=False)
    """`name@version`: what everything about this version is kept by."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", f"{self.name}@{self.version}")  # asked for several times a call

    @property
    def feature_keys(self) -> tuple[str, ...]:
        """`view:feature`, in the order the model reads them."""
        return tuple(f"{view}:{name}" for view, name in self.features)
