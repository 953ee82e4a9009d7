"""From a package's manifest to what the domain knows of a segmenter."""

from __future__ import annotations

from typing import Final

from serving.domain.segmenter import Placement, ScoreMeaning, SegmenterProfile, SegmentMeaning
from strata.clock import parse_instant
from strata.runtime import Manifest

_MEANINGS: Final = {
    "calibrated_probability": ScoreMeaning.CALIBRATED_PROBABILITY,
    "posterior": ScoreMeaning.POSTERIOR,
    "margin": ScoreMeaning.MARGIN,
}


def profile_of(manifest: Manifest, manifest_sha256: str, placement: Placement) -> SegmenterProfile:
    """What is served when this package is placed so."""
    return SegmenterProfile(
        name=manifest.segmenter,
        version=manifest.version,
        description=manifest.description,
        vocabulary=tuple(SegmentMeaning(entry.key, entry.label, entry.description) for entry in manifest.vocabulary),
        fallback_index=manifest.fallback_index,
        score_meaning=_MEANINGS[manifest.score_meaning],
        feature_service=manifest.feature_service,
        features=tuple((feature.view, feature.name) for feature in manifest.features),
        schema_fingerprint=manifest.schema_fingerprint,
        manifest_sha256=manifest_sha256,
        placement=placement,
        created_at_us=parse_instant(manifest.created_at),
    )
