"""A canary over a real server and stub: a batch of two versions, with vocabularies of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fake_features import FakeFeatures
from toy_segmentation import KeptPredictions, served, toy_parts
from toy_segmenter import ToySegmenter, toy_profile

from serving.composition import CanaryPart, Composition, Parts
from serving.domain.segmenter import SegmentMeaning
from strata.v1 import segmentation_pb2 as pb

LIVE, CANARY = "0123456789ab", "ba9876543210"
NAN = float("nan")


class Named:
    """A share that holds the users it names."""

    def __init__(self, *users: str) -> None:
        self._users = users

    def holds(self, user: str) -> bool:
        return user in self._users


def canary_profile() -> Any:
    """`high middle extra`: another order, and a segment the live version does not have."""
    words = tuple(SegmentMeaning(key, key.capitalize(), f"The {key} ones.") for key in ("high", "middle", "extra"))
    return replace(toy_profile("tiers", CANARY), vocabulary=words)


class World:
    """A live version, a canary for ann and cat, and another segmenter."""

    def __init__(self, folder: Path) -> None:
        self.features = FakeFeatures({"ann": [0, 1], "bob": [1, 1], "cat": [2, 1], "dan": [2, NAN]})
        self.live, self.canary = ToySegmenter(toy_profile("tiers", LIVE)), ToySegmenter(canary_profile())
        self.predictions = KeptPredictions()
        self.parts: Parts = toy_parts(
            folder, {"promo": ToySegmenter(toy_profile("promo")), "tiers": self.live}, self.features, self.predictions,
            canaries={"tiers": CanaryPart(self.canary, Named("ann", "cat", "nobody"))},
        )  # fmt: skip
        self.stub: Any = None


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    async with served(made.parts) as (made.stub, _):
        yield made


async def test_one_user_is_answered_by_its_version_in_that_versions_words(world: World) -> None:
    """With its label; the other segmenter is not touched."""
    for user, version, segment in (("ann", CANARY, "high"), ("cat", CANARY, "extra"), ("bob", LIVE, "middle")):
        reply = await world.stub.GetSegments(pb.GetSegmentsRequest(user_id=user))
        promo, tiers = reply.assignments
        assert (promo.segmenter, promo.version) == ("promo", LIVE)
        assert (tiers.version, tiers.segment, tiers.label) == (version, segment, segment.capitalize())


async def test_a_batch_has_both_versions_words_and_names_the_canarys_users(world: World) -> None:
    """Every index is right in the column's own vocabulary, for a client that knows nothing of canaries too."""
    users = ["ann", "", "bob", "cat", "dan", "nobody", "stranger"]
    reply = await world.stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=users, include_scores=True))
    known, unknown = pb.USER_STATUS_KNOWN, pb.USER_STATUS_UNKNOWN
    assert list(reply.user_statuses) == [known, pb.USER_STATUS_INVALID, known, known, known, unknown, unknown]
    promo, tiers = reply.columns
    assert (promo.segmenter, promo.canary_version, list(promo.canary_user_indexes)) == ("promo", "", [])
    assert (tiers.version, tiers.canary_version, list(tiers.canary_user_indexes)) == (LIVE, CANARY, [0, 3, 5])
    assert [segment.key for segment in tiers.segments] == ["low", "middle", "high", "extra"]
    found = [tiers.segments[index].key for index in tiers.segment_indexes]
    assert [found[i] for i in (0, 2, 3, 4, 5, 6)] == ["high", "middle", "extra", "high", "high", "low"]
    live, fallback = pb.ASSIGNMENT_SOURCE_LIVE, pb.ASSIGNMENT_SOURCE_FALLBACK
    none = pb.ASSIGNMENT_SOURCE_UNSPECIFIED
    assert list(tiers.sources) == [live, none, live, live, live, fallback, fallback]
    assert [tiers.scores[i] for i in (0, 2, 3)] == [0.5, 0.5, 0.5]
    assert [(list(m.features), list(m.user_indexes)) for m in reply.missing_features] == [(["orders:f1"], [4])]
    one_instant = {answer.as_of_us for answer in world.predictions.answers}
    assert len(one_instant) == 1


async def test_a_failing_canary_degrades_its_own_users_only(world: World) -> None:
    """Each with its version's last known answer, or its fallback."""
    await world.stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"))
    world.canary.down = True
    reply = await world.stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=["ann", "bob", "cat"]))
    tiers = reply.columns[1]
    assert list(tiers.sources) == [
        pb.ASSIGNMENT_SOURCE_LAST_KNOWN, pb.ASSIGNMENT_SOURCE_LIVE, pb.ASSIGNMENT_SOURCE_FALLBACK,
    ]  # fmt: skip
    assert tiers.degradation == pb.DEGRADATION_REASON_SEGMENTER_UNAVAILABLE


async def test_a_watcher_is_told_what_a_release_changed(tmp_path: Path) -> None:
    """With cause RELEASE, in the new version's words; a user whose segment is the same is not told again."""
    world = World(tmp_path)
    parts = replace(world.parts, canaries={})
    composition = Composition(parts)
    port = await composition.server.start("127.0.0.1:0")
    import grpc

    from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub: Any = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
        call = stub.WatchSegments(pb.WatchSegmentsRequest(user_ids=["ann", "bob", "cat"], segmenters=["tiers"]))
        told = {change.user_id: change.segment for change in (await call.read()).changes}
        assert told == {"ann": "low", "bob": "middle", "cat": "high"}
        composition.switch(replace(parts, segmenters={**parts.segmenters, "tiers": world.canary}))
        changes = (await call.read()).changes
        assert {(each.user_id, each.segment, each.version, each.cause) for each in changes} == {
            ("ann", "high", CANARY, pb.CHANGE_CAUSE_RELEASE),
            ("cat", "extra", CANARY, pb.CHANGE_CAUSE_RELEASE),
        }
        call.cancel()
    await composition.server.stop()


@pytest.mark.parametrize("together", [True, False])
async def test_a_column_has_scores_only_when_asked(world: World, together: bool) -> None:
    """Of both versions or of neither."""
    request = pb.BatchGetSegmentsRequest(user_ids=["ann", "bob"], segmenters=["tiers"], include_scores=together)
    [column] = (await world.stub.BatchGetSegments(request)).columns
    assert len(column.scores) == (2 if together else 0)
