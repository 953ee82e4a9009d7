"""The parts of replies that never change while a version is served, made once."""

from __future__ import annotations

from serving.domain.segmenter import SegmenterProfile
from strata.v1 import segmentation_pb2 as pb


class ReplyTemplates:
    """Per segmenter: an Assignment per segment, and the head of a batch's column."""

    def __init__(self, profile: SegmenterProfile) -> None:
        self.keys = profile.feature_keys
        self.assignments = tuple(
            pb.Assignment(segmenter=profile.name, version=profile.version, segment=each.key, label=each.label)
            for each in profile.vocabulary
        )
        self.column = pb.AssignmentColumn(
            segmenter=profile.name, version=profile.version, segments=segments_of(profile)
        )


def segments_of(profile: SegmenterProfile) -> list[pb.Segment]:
    """The vocabulary as messages."""
    return [pb.Segment(key=each.key, label=each.label, description=each.description) for each in profile.vocabulary]
