"""From a live answer about one user to the bytes of GetSegmentsResponse.

Most of such a reply never changes while a version is served. Those parts are serialised once and joined with the rest
here: a quarter of the time that filling and serialising messages takes. What they are joined to is protobuf's own
encoding (https://protobuf.dev/programming-guides/encoding), field by field in the contract's order.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import compress
from struct import Struct
from typing import Final

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp

from serving.domain.assignments import LiveAnswer
from serving.domain.features import NO_WATERMARK, Floats
from serving.domain.segmenter import SegmenterProfile
from strata.runtime.native_single import ReplyTags
from strata.v1 import segmentation_pb2 as pb

MOST_LISTS: Final = 1_000
"""Lists of missing features kept ready, of one segmenter."""
_SCORE: Final = Struct("<f")


def _tag(message: type, field: str, wire_type: int) -> bytes:
    number: int = message.DESCRIPTOR.fields_by_name[field].number  # type: ignore[attr-defined]
    return _varint(number << 3 | wire_type)


def _varint(value: int) -> bytes:
    """A number of at least 0, seven bits to a byte.

    >>> _varint(300)
    b'\\xac\\x02'
    """
    if value < 0x80:
        return bytes((value,))
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


_USER: Final = _tag(pb.GetSegmentsResponse, "user_id", 2)
_ASSIGNMENT: Final = _tag(pb.GetSegmentsResponse, "assignments", 2)
_AS_OF: Final = _tag(pb.GetSegmentsResponse, "as_of", 2)
_SCORE_TAG: Final = _tag(pb.Assignment, "score", 5)
_LIVE: Final = pb.Assignment(source=pb.ASSIGNMENT_SOURCE_LIVE).SerializeToString()
_MISSING: Final = _tag(pb.Assignment, "missing_features", 2)
_AGE: Final = _tag(pb.Assignment, "feature_age", 2)
_SECONDS: Final = _tag(Timestamp, "seconds", 0)
_NANOS: Final = _tag(Timestamp, "nanos", 0)
TAGS: Final = ReplyTags(*(tag[0] for tag in (_USER, _ASSIGNMENT, _AS_OF, _AGE, _SECONDS, _NANOS)))
"""For the kernel, which joins the same parts."""


class LivePieces:
    """What never changes of one segmenter's live assignments: `ReplyPieces` for the kernel."""

    def __init__(self, profile: SegmenterProfile) -> None:
        self.heads = [
            pb.Assignment(
                segmenter=profile.name, version=profile.version, segment=each.key, label=each.label
            ).SerializeToString()
            + _SCORE_TAG
            for each in profile.vocabulary
        ]
        self.names = [_sized(_MISSING, key.encode()) for key in profile.feature_keys]
        self.tail = _LIVE
        self._lists: dict[bytes, bytes] = {}

    def assignment(self, index: int, score: float, missing: bytes, age: bytes) -> bytes:
        """One assignment as a field of the reply."""
        return _sized(_ASSIGNMENT, self.heads[index] + _SCORE.pack(score) + self.tail + missing + age)

    def missing(self, values: Floats) -> bytes:
        """The names of features without a value. Users lack the same ones in few ways: most lists are found ready."""
        absent = np.isnan(values)
        way = absent.tobytes()
        found = self._lists.get(way)
        if found is None:
            found = b"".join(compress(self.names, absent.tolist()))
            if len(self._lists) < MOST_LISTS:
                self._lists[way] = found
        return found


def live_reply(answer: LiveAnswer, pieces: Mapping[str, LivePieces]) -> bytes:
    """The reply, serialised; assignments in the order of the answer's."""
    found = [_sized(_USER, answer.user.encode())]
    as_of_us, age, age_of_us = answer.as_of_us, b"", NO_WATERMARK
    for profile, index, score, row in answer.assignments:
        own = pieces[profile.key]
        if row.watermark_us != age_of_us:  # most often all segmenters' features are equally old
            age_of_us = row.watermark_us
            age = b"" if age_of_us == NO_WATERMARK else _sized(_AGE, _time(max(as_of_us - age_of_us, 0)))
        found.append(own.assignment(index, score, b"" if row.complete else own.missing(row.values), age))
    found.append(_sized(_AS_OF, _time(as_of_us)))
    return b"".join(found)


def _sized(tag: bytes, content: bytes) -> bytes:
    return tag + _varint(len(content)) + content


def _time(us: int) -> bytes:
    """A Timestamp or a Duration of at least 0: both are seconds (1) and nanoseconds (2), each left out when 0."""
    seconds, rest = divmod(us, 1_000_000)
    return (_SECONDS + _varint(seconds) if seconds else b"") + (_NANOS + _varint(rest * 1_000) if rest else b"")
