"""A caller that asks is told where its call's time went; nobody else is, and nobody is told of another's call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from explaining_gateway import ExplainingGateway
from fake_features import FakeFeatures
from toy_gateway import ToyGateway
from toy_gateway import served as served_toy
from toy_segmentation import served, toy_parts
from toy_segmenter import ToySegmenter, toy_profile

from serving.adapters.delayed_features import DelayedFeatures
from serving.domain.deadline import Deadline
from serving.domain.features import Floats, StoredUser, UserRow
from serving.ports import RowScore, Scores, Segmenter
from strata.call_timing import CallTiming, TimingUnreadable, read_timing
from strata.client import CallFailed, ExplainedCall, TimingMissing, connect
from strata.command.explain.breakdown import breakdown
from strata.v1 import segmentation_pb2 as pb

ANN = pb.GetSegmentsRequest(user_id="ann")
EXPLAIN = ("x-strata-explain", "1")
DELAY_S = 1.0
"""Past whatever a busy machine adds to the other steps."""


def features(**more: Any) -> FakeFeatures:
    return FakeFeatures({"ann": (2, 1.0), "bob": (1, 2.0)}, **more)


@asynccontextmanager
async def gateway(
    folder: Path, segmenters: Mapping[str, Segmenter] | None = None, source: Any = None
) -> AsyncIterator[tuple[Any, str]]:
    chosen = segmenters or {name: ToySegmenter(toy_profile(name)) for name in ("tiers", "promo")}
    async with served(toy_parts(folder, chosen, source or features())) as found:
        yield found


async def trailer(call: Any) -> dict[str, str]:
    await call
    return dict(await call.trailing_metadata() or ())


async def explained(address: str, user: str = "ann") -> ExplainedCall:
    def ask() -> ExplainedCall:
        with connect(address, call_s=5.0) as client:
            return client.explain_segments(user)

    return await asyncio.to_thread(ask)


def steps(timing: CallTiming) -> list[tuple[str, str]]:
    return [(step.name, step.segmenter) for step in timing.steps]


@pytest.mark.parametrize("metadata", [(), (("x-strata-explain", "0"),), (("x-strata-caller", "shop"),)])
async def test_who_does_not_ask_is_not_told(tmp_path: Path, metadata: tuple[tuple[str, str], ...]) -> None:
    async with gateway(tmp_path) as (stub, _):
        assert await trailer(stub.GetSegments(ANN, metadata=metadata)) == {}


async def test_who_asks_is_told_each_step(tmp_path: Path) -> None:
    """And has the request id back as ever."""
    async with gateway(tmp_path) as (stub, _):
        told = await trailer(stub.GetSegments(ANN, metadata=(EXPLAIN, ("x-request-id", "r-1"))))
        assert set(told) == {"x-strata-timing", "x-request-id"}
        assert told["x-request-id"] == "r-1"
        timing = read_timing(told["x-strata-timing"])
        assert steps(timing) == [("features", ""), ("score", "tiers"), ("score", "promo"), ("reply", "")]
        assert sum(step.seconds for step in timing.steps) <= timing.seconds
        ends = [0.0] + [step.at_s + step.seconds for step in timing.steps]
        for step, before_s in zip(timing.steps, ends, strict=False):
            assert step.at_s >= before_s - 1e-6


async def test_a_batch_is_told_too(tmp_path: Path) -> None:
    async with gateway(tmp_path) as (stub, _):
        asked = pb.BatchGetSegmentsRequest(user_ids=["ann", "bob"])
        told = await trailer(stub.BatchGetSegments(asked, metadata=(EXPLAIN,)))
        expected = [("features", ""), ("score", "tiers"), ("score", "promo"), ("reply", "")]
        assert steps(read_timing(told["x-strata-timing"])) == expected


async def test_a_call_that_fails_says_why_as_ever(tmp_path: Path) -> None:
    async with gateway(tmp_path) as (stub, address):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.GetSegments(pb.GetSegmentsRequest(), metadata=(EXPLAIN,))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "x-strata-timing" not in dict(caught.value.trailing_metadata())
        with pytest.raises(CallFailed, match="user_id"):
            await explained(address, "")


async def test_slow_features_are_the_largest_row(tmp_path: Path) -> None:
    async with gateway(tmp_path, source=DelayedFeatures(features(), DELAY_S)) as (_, address):
        call = await explained(address)
    largest = max(breakdown(call), key=lambda row: row.seconds)
    assert largest.key == ("features", "")
    assert largest.seconds >= DELAY_S


class Slow(ToySegmenter):
    """Takes its time, without waiting for anybody."""

    def score_row(self, row: Floats) -> RowScore:
        time.sleep(DELAY_S)
        return super().score_row(row)


async def test_a_slow_segmenter_is_the_largest_row(tmp_path: Path) -> None:
    """By its name; and the rows are what the caller waited."""
    segmenters = {"tiers": ToySegmenter(toy_profile("tiers")), "promo": Slow(toy_profile("promo"))}
    async with gateway(tmp_path, segmenters) as (_, address):
        call = await explained(address)
    rows = breakdown(call)
    largest = max(rows, key=lambda row: row.seconds)
    assert largest.key == ("score", "promo")
    assert largest.seconds >= DELAY_S
    assert call.outside is not None
    assert [row.key[0] for row in rows] == ["before", "features", "score", "score", "reply", "rest", "after"]
    assert min(row.seconds for row in rows) >= 0.0
    assert sum(row.seconds for row in rows) == pytest.approx(call.seconds, abs=1e-6)
    assert call.segments["promo"].segment == "high"


class Together(ToySegmenter):
    """Answers once all of them have been asked."""

    def __init__(self, name: str, barrier: asyncio.Barrier) -> None:
        super().__init__(toy_profile(name), waits=True)
        self._barrier = barrier

    async def score(self, values: Floats, deadline: Deadline) -> Scores:
        await self._barrier.wait()
        await asyncio.sleep(0.01)
        return await super().score(values, deadline)


async def test_scores_side_by_side_count_once(tmp_path: Path) -> None:
    """Each waits for the other, so that they have to overlap."""
    barrier = asyncio.Barrier(2)
    segmenters = {name: Together(name, barrier) for name in ("tiers", "promo")}
    async with gateway(tmp_path, segmenters) as (_, address):
        call = await explained(address)
    rows = breakdown(call)
    scores = [row for row in rows if row.key[0] == "score"]
    assert {row.key[1] for row in scores} == {"tiers", "promo"}
    assert sum(row.beside_s for row in scores) > 0.005
    assert sum(row.seconds for row in rows) == pytest.approx(call.seconds, abs=1e-6)


class Gathering(FakeFeatures):
    """Reads one user once as many have asked: until then every handler is under way."""

    def __init__(self, callers: int) -> None:
        super().__init__({"ann": (2, 1.0)})
        self._barrier = asyncio.Barrier(callers)

    async def find_user(self, segmenters: tuple[str, ...], user: str) -> StoredUser:  # type: ignore[override]
        await self._barrier.wait()
        return super().find_user(segmenters, user)

    async def evaluate_user(self, found: StoredUser, at_us: int) -> list[UserRow]:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().evaluate_user(found, at_us)


async def test_calls_under_way_together_stay_apart(tmp_path: Path) -> None:
    """Each explained one is told its own steps, each once; the plain ones between them are told nothing."""
    count = 12
    async with gateway(tmp_path, source=Gathering(2 * count)) as (stub, _):
        asked: Sequence[bool] = [True, False] * count
        told = await asyncio.gather(
            *(trailer(stub.GetSegments(ANN, metadata=(EXPLAIN,) if explain else ())) for explain in asked)
        )
    for explain, found in zip(asked, told, strict=True):
        assert ("x-strata-timing" in found) == explain
        if explain:
            timing = read_timing(found["x-strata-timing"])
            assert steps(timing) == [("features", ""), ("score", "tiers"), ("score", "promo"), ("reply", "")]
            assert all(step.at_s + step.seconds <= timing.seconds + 1e-6 for step in timing.steps)


def test_another_machines_clock_leaves_before_and_after_as_one() -> None:
    """The gateway's own durations are as good as ever."""
    with (
        served_toy(ExplainingGateway("handler;dur=0.000001;began_ns=5, score;dur=0.000001;at=0")) as address,
        connect(address, call_s=5.0) as client,
    ):
        call = client.explain_segments("ann")
    assert call.outside is None
    rows = breakdown(call)
    assert [row.key[0] for row in rows] == ["outside", "score", "rest"]
    assert sum(row.seconds for row in rows) == pytest.approx(call.seconds, abs=1e-9)


def test_an_older_gateway_is_said_to_be_one() -> None:
    with (
        served_toy(ToyGateway()) as address,
        connect(address, call_s=5.0) as client,
        pytest.raises(TimingMissing, match=f"^the gateway at {address} answered, but .* it is older than this client"),
    ):
        client.explain_segments("ann")


def test_nonsense_is_said_to_be_it() -> None:
    with (
        served_toy(ExplainingGateway("dur=fast")) as address,
        connect(address, call_s=5.0) as client,
        pytest.raises(TimingUnreadable, match=r"timings this client cannot read \(x-strata-timing: 'dur=fast'\)"),
    ):
        client.explain_segments("ann")
