"""A package whose model reads prepared rows is served as any other, from the real store to the reply."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from toy_home import make_home, write_packages
from toy_package import write_toy_prepared
from toy_segmentation import served, toy_parts

from serving.adapters.embedded_segmenter import EmbeddedSegmenter
from serving.adapters.packages import embedded_package
from serving.adapters.stored_features import StoredFeatures
from serving.domain.deadline import Deadline
from strata.registry import read_catalog
from strata.settings import Settings
from strata.state import open_state
from strata.v1 import segmentation_pb2 as pb

NAME, USERS = "toy_prepared", ["ann", "bob", "cat", "dan"]
# In the head: ann is on a centroid, bob on another; cat has no orders and no spend, 1 and sqrt(1.5) from the nearest.
ANSWERS = [("middle", 1.0), ("high", 1.0), ("low", pytest.approx((1.5**0.5 - 1) / (1.5**0.5 + 1)))]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = make_home(tmp_path / "home")
    write_packages(made.packages, tmp_path / "scratch", [write_toy_prepared])
    return made


def segmenter(settings: Settings, name: str) -> EmbeddedSegmenter:
    return EmbeddedSegmenter(embedded_package(settings.packages, name, "latest", read_catalog(settings.registry)))


@pytest.mark.parametrize("others", [[], ["toy_tiers"]])
async def test_the_gateway_serves_it(settings: Settings, tmp_path: Path, others: list[str]) -> None:
    """One user and many, alone and beside a package that the kernel scores by itself; missing features are listed."""
    segmenters = {name: segmenter(settings, name) for name in [NAME, *others]}
    with open_state(settings.state, readonly=True) as state:
        read = {each.profile.key: each.profile.features for each in segmenters.values()}
        features = StoredFeatures(state, read_catalog(settings.registry), read)
        async with served(toy_parts(tmp_path, segmenters, features)) as (stub, _):
            replies = [await stub.GetSegments(pb.GetSegmentsRequest(user_id=user)) for user in USERS]
            batch = await stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=USERS, include_scores=True))
    firsts = [reply.assignments[0] for reply in replies]
    assert [(each.segment, each.score) for each in firsts[:3]] == ANSWERS
    assert [each.source for each in firsts] == [pb.ASSIGNMENT_SOURCE_LIVE] * 3 + [pb.ASSIGNMENT_SOURCE_FALLBACK]
    assert [list(each.missing_features) for each in firsts[:3]] == [[], [], ["toy:spend"]]
    column = batch.columns[0]
    assert [column.segments[index].key for index in column.segment_indexes] == ["middle", "high", "low", "low"]
    assert list(column.scores)[:3] == [each.score for each in firsts[:3]]
    if others:
        assert [reply.assignments[1].segment for reply in replies[:3]] == ["middle", "high", "low"]


async def test_a_row_alone_gets_the_answer_it_gets_among_many(settings: Settings) -> None:
    """Bit for bit, values on borders and missing ones among them."""
    scorer = segmenter(settings, NAME)
    assert scorer.kernel_score() is None
    rows = np.array([[2.5, 2.5], [np.nan, np.nan], [7.5, 7.5], [1e300, 3.0], [np.inf, np.nan], [3.0, 4.0]] * 4)
    many = await scorer.score(rows, Deadline.after(5))
    alone = [scorer.score_row(row) for row in rows]
    assert [one.segment_index for one in alone] == many.segment_indexes.tolist()
    assert [np.float32(one.score) for one in alone] == many.scores.tolist()
