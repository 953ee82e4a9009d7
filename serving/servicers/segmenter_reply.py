"""From a segmenter's profile to the Segmenter message."""

from __future__ import annotations

from serving.domain.segmenter import SegmenterProfile
from serving.servicers.templates import segments_of
from serving.servicers.times import set_instant
from strata.v1 import segmentation_pb2 as pb


def to_segmenter_proto(profile: SegmenterProfile) -> pb.Segmenter:
    """Everything a caller may know of a segmenter."""
    message = pb.Segmenter(
        name=profile.name,
        version=profile.version,
        description=profile.description,
        segments=segments_of(profile),
        fallback_segment=profile.vocabulary[profile.fallback_index].key,
        score_meaning=int(profile.score_meaning),  # type: ignore[arg-type] # the domain's numbers are the contract's
        feature_service=profile.feature_service,
        features=profile.feature_keys,
        placement=int(profile.placement),  # type: ignore[arg-type]
    )
    set_instant(message.created_at, profile.created_at_us)
    return message
