"""HAProxy in front of a gateway, as deploy/haproxy/haproxy.cfg has it: what passes, and what a refusal looks like."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from fake_features import FakeFeatures
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from haproxy_process import haproxy, needs_haproxy
from toy_segmentation import served, toy_parts
from toy_segmenter import ToySegmenter, toy_profile

from serving.composition import compose_server
from serving.domain.deadline import Deadline
from serving.ports import Scores
from strata.v1 import segmentation_pb2 as pb
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

pytestmark = [pytest.mark.integration, needs_haproxy]

ANN = pb.GetSegmentsRequest(user_id="ann")


class WatchedSegmenter(ToySegmenter):
    """Notes how much of the deadline it saw, and may take its time."""

    delay_s = 0.0

    def __init__(self) -> None:
        super().__init__(toy_profile("promo"), waits=True)
        self.left_s: list[float] = []

    async def score(self, values: Any, deadline: Deadline) -> Scores:
        self.left_s.append(deadline.left_s())
        await asyncio.sleep(self.delay_s)
        return await super().score(values, deadline)


class World:
    """A gateway, HAProxy before it, and a stub that asks HAProxy."""

    def __init__(self, folder: Path) -> None:
        self.segmenter = WatchedSegmenter()
        self.parts = toy_parts(folder, {"promo": self.segmenter}, FakeFeatures({"ann": (2, 1.0)}))
        self.channel: Any = None
        self.stub: Any = None

    async def connect(self, front: str) -> None:
        """Once HAProxy has found the gateway healthy."""
        self.channel = grpc.aio.insecure_channel(front)
        self.stub = SegmentationServiceStub(self.channel)  # type: ignore[no-untyped-call]
        await self.until_it_answers()

    async def until_it_answers(self) -> None:
        async with asyncio.timeout(10):
            while not await self.answers():  # noqa: ASYNC110 - HAProxy finds out by asking once a second
                await asyncio.sleep(0.05)

    async def answers(self) -> bool:
        call = self.stub.GetSegments(ANN, timeout=5)
        return await call.code() is grpc.StatusCode.OK


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    async with served(made.parts) as (_, address):
        with haproxy(address) as front:
            await made.connect(front)
            yield made
            await made.channel.close()


async def test_calls_pass_with_their_request_id_and_come_back_with_it(world: World) -> None:
    call = world.stub.GetSegments(ANN, timeout=5, metadata=(("x-request-id", "mine"),))
    assert [each.segment for each in (await call).assignments] == ["high"]
    assert ("x-request-id", "mine") in tuple(await call.trailing_metadata())
    batch = await world.stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=["ann"] * 1_000), timeout=5)
    assert list(batch.columns[0].segment_indexes) == [2] * 1_000


async def test_details_of_an_error_pass(world: World) -> None:
    """Status, message and the binary trailer."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await world.stub.GetSegments(pb.GetSegmentsRequest(), timeout=5)
    trailer = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    [packed, _] = status_pb2.Status.FromString(trailer).details
    info = error_details_pb2.ErrorInfo()
    assert packed.Unpack(info)
    assert (caught.value.code(), info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")


async def test_the_callers_deadline_reaches_the_gateway(world: World) -> None:
    """Not the default of a second."""
    world.segmenter.left_s.clear()
    await world.stub.GetSegments(ANN, timeout=30)
    await world.stub.GetSegments(ANN, timeout=0.5)
    long, short = world.segmenter.left_s
    assert 29 < long < 31  # gRPC rounds it up on the wire
    assert 0.2 < short < 0.6


async def test_past_the_limit_callers_are_refused_in_grpcs_words(world: World) -> None:
    """16 are with the gateway, 64 wait at most 50 ms; the others hear at once. Nothing but two statuses."""
    world.segmenter.delay_s = 0.3
    calls = [world.stub.GetSegments(ANN, timeout=5) for _ in range(200)]
    ends = Counter(await asyncio.gather(*(call.code() for call in calls)))
    words = {await call.details() for call in calls}
    assert ends[grpc.StatusCode.OK] == 16
    assert ends[grpc.StatusCode.RESOURCE_EXHAUSTED] > 100
    assert set(ends) <= {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE}
    assert words == {"", "the gateway is overloaded; back off", "the gateway is overloaded or away; back off"}
    world.segmenter.delay_s = 0.0
    assert await world.answers()


async def test_health_and_watches_pass_beside_a_full_queue(world: World) -> None:
    """They have no part in the limit of calls."""
    world.segmenter.delay_s = 0.3
    calls = [world.stub.GetSegments(ANN, timeout=5) for _ in range(200)]
    health = health_pb2_grpc.HealthStub(world.channel)
    reply = await health.Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert reply.status == health_pb2.HealthCheckResponse.SERVING
    watch = world.stub.WatchSegments(pb.WatchSegmentsRequest(user_ids=["ann"]))
    first = await watch.read()
    assert first.changes
    watch.cancel()
    await asyncio.gather(*(call.code() for call in calls))


async def test_without_a_gateway_callers_hear_unavailable_and_a_new_one_is_found(tmp_path: Path) -> None:
    """By its health; and again."""
    parts = World(tmp_path).parts
    gateway = compose_server(parts)
    port = await gateway.start("127.0.0.1:0")
    with haproxy(f"127.0.0.1:{port}") as front:
        world = World(tmp_path)
        await world.connect(front)
        await gateway.stop()
        call = world.stub.GetSegments(ANN, timeout=10)
        assert await call.code() is grpc.StatusCode.UNAVAILABLE
        again = compose_server(replace(parts))
        await again.start(f"127.0.0.1:{port}")
        await world.until_it_answers()
        await world.channel.close()
        await again.stop()


async def test_the_cores_cancelled_is_said_as_resource_exhausted(tmp_path: Path) -> None:
    """What the queue in gRPC's core had no room for."""
    made = World(tmp_path)
    made.parts = replace(made.parts, limits=replace(made.parts.limits, max_pending_calls=1))
    async with served(made.parts) as (_, address):
        with haproxy(address) as front:
            await made.connect(front)
            ends: Counter[grpc.StatusCode] = Counter()
            while grpc.StatusCode.RESOURCE_EXHAUSTED not in ends:
                calls = [made.stub.GetSegments(ANN, timeout=5) for _ in range(40)]
                ends.update(await asyncio.gather(*(call.code() for call in calls)))
            await made.channel.close()
    assert grpc.StatusCode.CANCELLED not in ends
