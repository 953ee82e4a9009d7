"""What a refused caller sees, over a real port: code, reason, cause, delay, request id; and what is counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from fake_features import FakeFeatures
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from prometheus_client import CollectorRegistry
from toy_segmentation import served, toy_parts
from toy_segmenter import ToySegmenter, toy_profile

from serving.composition import Parts
from serving.domain.admission import AdmissionLimits
from serving.metrics.seen_page import SeenCollector
from serving.observers import open_observers
from strata.v1 import segmentation_pb2 as pb

ANN = pb.GetSegmentsRequest(user_id="ann")


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what no event tells; the test's timeout bounds it."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - it comes true in the server, which knows no tests
            await asyncio.sleep(0.01)


class World:
    """A gateway with room for two calls, whose segmenter can be made to hang."""

    def __init__(self, folder: Path) -> None:
        self.segmenter = ToySegmenter(toy_profile("promo"), waits=True)
        limits = AdmissionLimits(least_in_flight=1, most_in_flight=2)
        self.features = FakeFeatures({"ann": (2, 1.0)})
        self.folder = folder
        self.parts: Parts = replace(
            toy_parts(folder, {"promo": self.segmenter}, self.features),
            admission=limits,
            observers=open_observers(folder / "numbers-000.bin", None),
        )
        self.stub: Any = None
        self.hanging: list[Any] = []

    async def fill(self) -> None:
        """Two calls that hang."""
        self.segmenter.hangs = True
        self.hanging = [self.stub.GetSegments(ANN, timeout=20) for _ in range(2)]
        await until(lambda: self.number("strata_admission_in_flight") == 2)

    def number(self, family: str, *labels: str) -> float:
        recorder = self.parts.recorder
        return recorder.value(recorder.position(family, *labels))


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    async with served(made.parts) as (stub, _):
        made.stub = stub
        yield made
        for call in made.hanging:
            call.cancel()


async def refused(call: Any) -> tuple[grpc.aio.AioRpcError, error_details_pb2.ErrorInfo, error_details_pb2.RetryInfo]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    trailer = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    status = status_pb2.Status.FromString(trailer)
    found: list[Message] = [error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()]
    for detail, message in zip(status.details, found, strict=True):
        assert detail.Unpack(message)
    assert status.code == caught.value.code().value[0]
    return caught.value, *found  # type: ignore[return-value]


async def test_a_call_too_many_is_told_to_come_again(world: World) -> None:
    """RESOURCE_EXHAUSTED, OVERLOADED, a delay; the request id comes back."""
    await world.fill()
    error, info, again = await refused(world.stub.GetSegments(ANN, timeout=5, metadata=(("x-request-id", "mine"),)))
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (info.reason, info.domain, dict(info.metadata)) == ("OVERLOADED", "strata", {"cause": "in_flight"})
    assert 50 <= again.retry_delay.ToMilliseconds() <= 250
    assert dict(error.trailing_metadata())["x-request-id"] == "mine"
    assert "did not begin" in error.details()


async def test_refused_callers_are_spread(world: World) -> None:
    """No two of them are told the same moment, or next to none."""
    await world.fill()
    refusals = [await refused(world.stub.GetSegments(ANN, timeout=5)) for _ in range(20)]
    assert len({again.retry_delay.ToMicroseconds() for _, _, again in refusals}) > 15
    assert len({dict(error.trailing_metadata())["x-request-id"] for error, _, _ in refusals}) == 20


async def test_refusals_are_counted_and_the_door_opens_again(world: World) -> None:
    """By method and cause, and as calls ended; what left makes room."""
    await world.fill()
    await refused(world.stub.GetSegments(ANN, timeout=5))
    batch = pb.BatchGetSegmentsRequest(user_ids=["ann"])
    await refused(world.stub.BatchGetSegments(batch, timeout=5))
    assert world.number("strata_admission_refused", "GetSegments", "in_flight") == 1
    assert world.number("strata_admission_refused", "BatchGetSegments", "in_flight") == 1
    assert world.number("strata_requests", "GetSegments", "RESOURCE_EXHAUSTED") == 1
    world.segmenter.hangs = False
    for call in world.hanging:
        call.cancel()
    await until(lambda: world.number("strata_admission_in_flight") == 0)
    assert (await world.stub.GetSegments(ANN, timeout=5)).assignments[0].segment == "high"
    assert world.number("strata_admission_limit") == 2


async def test_a_refused_caller_is_counted_by_its_name(world: World) -> None:
    """With its calls and with what became of them: who grows is told apart from who suffers."""
    await world.fill()
    batch, shop = pb.BatchGetSegmentsRequest(user_ids=["ann"]), (("x-strata-caller", "shop"),)
    await refused(world.stub.GetSegments(ANN, timeout=5, metadata=shop))
    await refused(world.stub.BatchGetSegments(batch, timeout=5, metadata=shop))
    registry = CollectorRegistry()
    registry.register(SeenCollector(world.folder))
    assert registry.get_sample_value("strata_caller_requests_total", {"caller": "shop"}) == 2
    errors = {"caller": "shop", "code": "RESOURCE_EXHAUSTED"}
    assert registry.get_sample_value("strata_caller_errors_total", errors) == 2
    for call in world.hanging:
        call.cancel()
    left = {"caller": "(unnamed)", "code": "CANCELLED"}
    await until(lambda: registry.get_sample_value("strata_caller_errors_total", left) == 2)


async def test_a_call_that_cannot_be_answered_in_time_is_refused_before_it_begins(world: World) -> None:
    """Once it is known how long the worker itself is busy with one."""
    quick = world.features.find_user

    def blocking(*asked: Any) -> Any:
        time.sleep(0.3)
        return quick(*asked)

    world.features.find_user = blocking  # type: ignore[method-assign]
    for _ in range(2):
        await world.stub.GetSegments(ANN, timeout=5)
    asked = len(world.segmenter.asked)
    error, info, _ = await refused(world.stub.GetSegments(ANN, timeout=0.2))
    assert (error.code(), dict(info.metadata)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, {"cause": "deadline"})
    assert len(world.segmenter.asked) == asked


async def test_a_batch_too_large_is_not_told_to_come_again(world: World) -> None:
    """It would never be answered: it is the caller's to mend, however busy the worker is."""
    await world.fill()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await world.stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=["ann"] * 1_001), timeout=5)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert world.number("strata_admission_in_flight") == 2
    error, _, _ = await refused(
        world.stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=["ann"] * 1_000), timeout=5)
    )
    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_the_queue_below_python_is_measured_and_no_call_of_anyones(world: World) -> None:
    """The worker asks itself while there are callers; it is not counted among them."""
    while not world.number("strata_queue_probes", "answered"):
        await world.stub.GetSegments(ANN, timeout=5)
        await asyncio.sleep(0.02)
    answered = world.number("strata_requests", "GetSegments", "OK")
    assert len(world.segmenter.asked) == answered


async def test_the_queue_below_python_is_bounded(tmp_path: Path) -> None:
    """gRPC's core ends what is too much with CANCELLED, before Python hears of it; what it kept is answered."""
    parts = World(tmp_path).parts
    bounded = replace(parts, limits=replace(parts.limits, max_pending_calls=2), admission=AdmissionLimits())
    async with served(bounded) as (stub, _):
        calls = [stub.GetSegments(ANN, timeout=20) for _ in range(300)]
        ends = await asyncio.gather(*(call.code() for call in calls))
    assert set(ends) == {grpc.StatusCode.OK, grpc.StatusCode.CANCELLED}
