"""The serialised reply to the most common question."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from live_answers import live
from toy_segmenter import toy_profile

from serving.domain.assignments import Answer, Column, Degradation, LiveAnswer, Source
from serving.domain.features import NO_WATERMARK
from serving.servicers.live_reply import LivePieces, live_reply
from serving.servicers.single_reply import to_single_proto
from serving.servicers.templates import ReplyTemplates
from strata.v1 import segmentation_pb2 as pb

NAMES = ("tiers", "promo")
PIECES = {toy_profile(name).key: LivePieces(toy_profile(name)) for name in NAMES}
TEMPLATES = {toy_profile(name).key: ReplyTemplates(toy_profile(name)) for name in NAMES}
NAN = float("nan")


def as_many(answer: LiveAnswer) -> Answer:
    """The same answer, as the desk for many gives it."""
    columns = [
        Column(
            profile=profile,
            segment_indexes=np.array([index], dtype=np.int32),
            scores=np.array([score], dtype=np.float32),
            sources=np.array([Source.LIVE], dtype=np.uint8),
            degradations=np.array([Degradation.NONE], dtype=np.uint8),
            live_at_us=np.zeros(1, dtype=np.int64),
            rows=row.as_rows(),
            all_live=True,
        )
        for profile, index, score, row in answer.assignments
    ]
    return Answer([answer.user], answer.as_of_us, columns)


def same(answer: LiveAnswer) -> None:
    expected = to_single_proto(as_many(answer), TEMPLATES).SerializeToString(deterministic=True)
    assert live_reply(answer, PIECES) == expected


@pytest.mark.parametrize("names", [(), ("tiers",), ("promo", "tiers")])
def test_the_bytes_are_those_of_the_message(names: tuple[str, ...]) -> None:
    same(live("ann", *names, as_of_us=1_512_000_060_123_456, watermark_us=1_512_000_000_000_000))


@given(
    st.text(min_size=1, max_size=300),
    st.integers(0, 4_000_000_000_000_000),
    st.one_of(st.just(NO_WATERMARK), st.integers(-1, 4_000_000_000_000_000)),
    st.tuples(st.sampled_from([NAN, 1.0]), st.sampled_from([NAN, 1.0])),
)
def test_whatever_the_user_the_times_and_the_missing_values(
    user: str, as_of_us: int, watermark_us: int, values: tuple[float, float]
) -> None:
    """An age that would be negative is none at all; a user id of several hundred bytes has a longer length."""
    same(live(user, *NAMES, values=values, as_of_us=as_of_us, watermark_us=watermark_us))


def test_segmenters_of_different_ages_keep_their_own() -> None:
    first, second = (
        live("ann", name, as_of_us=9_000_000, watermark_us=w) for name, w in zip(NAMES, (1, 2), strict=True)
    )
    mixed = LiveAnswer("ann", 9_000_000, [*first.assignments, *second.assignments])
    same(mixed)
    ages = [
        one.feature_age.ToMicroseconds()
        for one in pb.GetSegmentsResponse.FromString(live_reply(mixed, PIECES)).assignments
    ]
    assert ages == [8_999_999, 8_999_998]
