"""Callers with little time beside callers with much, of a segmenter or a store across a network that is slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fake_features import FakeFeatures
from toy_segmentation import served, toy_parts
from toy_segmenter import ToySegmenter, toy_profile

from serving.composition import CanaryPart
from serving.domain.admission import AdmissionLimits
from serving.domain.deadline import Deadline
from serving.domain.features import FeatureRows, Floats, StoredUser
from serving.ports import Scores
from strata.errors import SegmenterUnavailable
from strata.v1 import segmentation_pb2 as pb

SLOW_S = 0.5
IMPATIENT_S = 0.25
ANN, USERS = pb.GetSegmentsRequest(user_id="ann"), pb.BatchGetSegmentsRequest(user_ids=["ann", "bob"])


class RemoteSegmenter(ToySegmenter):
    """Takes its time, and no more of its caller's than it may."""

    after_s = 0.0

    async def score(self, values: Floats, deadline: Deadline) -> Scores:
        try:
            async with asyncio.timeout(deadline.for_segmenter_s()):
                await asyncio.sleep(self.after_s)
        except TimeoutError:
            raise SegmenterUnavailable(self.profile.name, "it was slow", timed_out=True) from None
        return await super().score(values, deadline)


class RemoteFeatures(FakeFeatures):
    """Reads that are awaited."""

    after_s = 0.0

    async def read(  # type: ignore[override]
        self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int
    ) -> list[FeatureRows]:
        await asyncio.sleep(self.after_s)
        return super().read(segmenters, users, at_us)

    async def find_user(self, segmenters: tuple[str, ...], user: str) -> StoredUser:  # type: ignore[override]
        await asyncio.sleep(self.after_s)
        return FakeFeatures.find_user(FakeFeatures(self.rows), segmenters, user)


class Bob:
    """The canary's share."""

    def holds(self, user: str) -> bool:
        return user == "bob"


class World:
    """A gateway with a door, before one embedded and one remote segmenter that may have a canary."""

    def __init__(self, folder: Path, *, canary: bool) -> None:
        self.versions = [RemoteSegmenter(toy_profile("promo", version), waits=True) for version in ("a" * 12, "b" * 12)]
        self.features = RemoteFeatures({"ann": (2, 1.0), "bob": (1, 1.0)})
        segmenters = {"tiers": ToySegmenter(toy_profile("tiers")), "promo": self.versions[0]}
        self.parts = replace(
            toy_parts(folder, segmenters, self.features),
            admission=AdmissionLimits(),
            canaries={"promo": CanaryPart(self.versions[1], Bob())} if canary else {},
        )
        self.stub: Any = None

    def slow(self, what: str) -> None:
        for each in self.versions if what == "segmenter" else [self.features]:
            each.after_s = SLOW_S


@pytest_asyncio.fixture(params=["one version", "two versions"])
async def world(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    made = World(tmp_path, canary=request.param == "two versions")
    async with served(made.parts) as (made.stub, _):
        await made.stub.BatchGetSegments(USERS)
        yield made


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("segmenter", pb.DEGRADATION_REASON_SEGMENTER_TIMEOUT),
        ("store", pb.DEGRADATION_REASON_FEATURES_UNAVAILABLE),
    ],
)
async def test_patient_callers_take_nothing_from_impatient_ones(world: World, what: str, reason: Any) -> None:
    """How long somebody waits for something slow is no measure of who could be answered: the ladder answers those who
    have less time inside it, alone and in a batch."""
    world.slow(what)
    calls = [(world.stub.GetSegments, ANN), (world.stub.BatchGetSegments, USERS)] * 8
    patient = await asyncio.gather(*(call(asked, timeout=5) for call, asked in calls))
    assert patient[0].assignments[1].source == pb.ASSIGNMENT_SOURCE_LIVE
    alone = (await world.stub.GetSegments(ANN, timeout=IMPATIENT_S)).assignments[1]
    column = (await world.stub.BatchGetSegments(USERS, timeout=IMPATIENT_S)).columns[1]
    assert (alone.source, alone.degradation) == (pb.ASSIGNMENT_SOURCE_LAST_KNOWN, reason)
    assert (list(column.sources), column.degradation) == ([pb.ASSIGNMENT_SOURCE_LAST_KNOWN] * 2, reason)
