"""HAProxy in front of a gateway, as deploy/haproxy/haproxy.cfg has it: what passes, and what a refusal looks like."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
import pytest_asyncio
from dying_servers import dying_servers
from fake_features import FakeFeatures
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from haproxy_process import CONFIGURATION, haproxy, needs_haproxy
from toy_segmentation import served, toy_parts
from toy_segmenter import ToySegmenter, toy_profile

from serving.composition import compose_server
from serving.domain.deadline import Deadline
from serving.ports import Scores
from serving.servicers.releasing import CHANGE_S, ReleaseMethods
from strata.client import CallFailed, connect
from strata.release import Change, Entry, ReleaseLog, promote, with_segmenter
from strata.v1 import release_pb2 as rpb
from strata.v1 import segmentation_pb2 as pb
from strata.v1.release_pb2_grpc import ReleaseServiceStub
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

pytestmark = [pytest.mark.integration, needs_haproxy]

ANN = pb.GetSegmentsRequest(user_id="ann")


class Told(NamedTuple):
    """How a call ended, in its caller's eyes."""

    code: grpc.StatusCode
    message: str
    reason: str = ""
    cause: str = ""
    retry_ms: int = 0


OVERLOADED = Told(
    grpc.StatusCode.RESOURCE_EXHAUSTED, "the gateway is overloaded; back off", "OVERLOADED", "queue", retry_ms=100
)


async def told(call: Any) -> Told:
    """Waits for the end."""
    code, message = await call.code(), await call.details() or ""
    raw = dict(await call.trailing_metadata() or ()).get("grpc-status-details-bin")
    if raw is None:
        return Told(code, message)
    status = status_pb2.Status.FromString(raw)
    info, wait = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    assert [each.Unpack(found) for each, found in zip(status.details, (info, wait), strict=True)] == [True, True]
    assert (status.code, status.message, info.domain) == (code.value[0], message, "strata")
    return Told(code, message, info.reason, info.metadata["cause"], wait.retry_delay.ToMilliseconds())


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


class SlowOffice:
    """Where releases are changed, which may take its time; one segmenter with a version before the live one."""

    delay_s = 0.0

    def __init__(self, folder: Path) -> None:
        self.log = ReleaseLog(folder / "releases.jsonl")
        change = Change("start", "promo", "nobody", "a test")
        self.log.append(change, lambda held: with_segmenter(held, "promo", "0" * 12))
        self.log.append(change, lambda held: promote(held, "promo", "1" * 12))

    def change(self, change: Change, step: Any, *, version: str = "", expected_serial: int | None = None) -> Entry:
        time.sleep(self.delay_s)
        return self.log.append(change, step, expected_serial=expected_serial)

    def behind(self, serial: int) -> int:
        return 0


class World:
    """A gateway, HAProxy before it, and a stub that asks HAProxy."""

    def __init__(self, folder: Path) -> None:
        self.segmenter = WatchedSegmenter()
        self.office: Any = SlowOffice(folder)
        features = FakeFeatures({"ann": (2, 1.0)})
        self.parts = toy_parts(folder, {"promo": self.segmenter}, features, releases=ReleaseMethods(self.office))
        self.front, self.channel = "", None
        self.stub: Any = None

    async def connect(self, front: str) -> None:
        """Once HAProxy has found the gateway healthy."""
        self.front = front
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


async def until_healthy(channel: grpc.aio.Channel) -> None:
    """By HAProxy's own look at it, too: what it does not find healthy it does not ask."""
    health = health_pb2_grpc.HealthStub(channel)
    async with asyncio.timeout(10):
        while await health.Check(health_pb2.HealthCheckRequest(), timeout=5).code() is not grpc.StatusCode.OK:  # noqa: ASYNC110 - HAProxy finds out by asking once a second
            await asyncio.sleep(0.05)


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
    """16 are with the gateway, 64 wait at most 50 ms; the others hear at once; all when to come again."""
    world.segmenter.delay_s = 0.3
    calls = [world.stub.GetSegments(ANN, timeout=5) for _ in range(200)]
    ends = Counter(await asyncio.gather(*(call.code() for call in calls)))
    assert ends == {grpc.StatusCode.OK: 16, grpc.StatusCode.RESOURCE_EXHAUSTED: 184}
    assert [found for call in calls if (found := await told(call)).code is not grpc.StatusCode.OK] == [OVERLOADED] * 184
    world.segmenter.delay_s = 0.0
    assert await world.answers()


async def test_batches_past_their_limit_are_refused_in_the_same_words(world: World) -> None:
    """2 are with the gateway, 4 wait at most 50 ms."""
    world.segmenter.delay_s = 0.3
    request = pb.BatchGetSegmentsRequest(user_ids=["ann"])
    calls = [world.stub.BatchGetSegments(request, timeout=5) for _ in range(20)]
    ends = Counter(await asyncio.gather(*(call.code() for call in calls)))
    assert ends == {grpc.StatusCode.OK: 2, grpc.StatusCode.RESOURCE_EXHAUSTED: 18}
    assert [found for call in calls if (found := await told(call)).code is not grpc.StatusCode.OK] == [OVERLOADED] * 18


async def test_our_client_knows_how_long_to_wait(world: World) -> None:
    """From a refusal that no gateway wrote."""
    world.segmenter.delay_s = 1.0
    ends = [asyncio.ensure_future(world.stub.GetSegments(ANN, timeout=5).code()) for _ in range(200)]
    await asyncio.wait(
        ends, return_when=asyncio.FIRST_COMPLETED
    )  # one is refused: the gateway is full, for most of 1 s

    def ask() -> CallFailed:
        with connect(world.front) as client, pytest.raises(CallFailed) as caught:
            client.get_segments("ann")
        return caught.value

    refused = await asyncio.to_thread(ask)
    assert (refused.code, str(refused), refused.retry_after_s) == ("RESOURCE_EXHAUSTED", OVERLOADED.message, 0.1)
    await asyncio.gather(*ends)


async def test_health_watches_and_releases_pass_beside_a_full_queue(world: World) -> None:
    """They have no part in the limit of calls."""
    world.segmenter.delay_s = 0.3
    calls = [world.stub.GetSegments(ANN, timeout=5) for _ in range(200)]
    releases: Any = ReleaseServiceStub(world.channel)  # type: ignore[no-untyped-call]
    listing = releases.ListReleases(rpb.ListReleasesRequest(), timeout=5)  # goes out behind them: nothing waits here
    assert len((await listing).releases) == 2
    health = health_pb2_grpc.HealthStub(world.channel)
    reply = await health.Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert reply.status == health_pb2.HealthCheckResponse.SERVING
    watch = world.stub.WatchSegments(pb.WatchSegmentsRequest(user_ids=["ann"]))
    first = await watch.read()
    assert first.changes
    watch.cancel()
    await asyncio.gather(*(call.code() for call in calls))


async def test_a_rollback_with_its_serial_may_be_sent_twice(world: World) -> None:
    """The second one is refused and changes nothing; details of a change's refusal pass as well."""
    releases: Any = ReleaseServiceStub(world.channel)  # type: ignore[no-untyped-call]
    change = rpb.ReleaseChange(segmenter="promo", who="ann", why="a test", expected_serial=2)
    assert (await releases.RollBack(rpb.RollBackRequest(change=change), timeout=5)).release.serial == 3
    again = releases.RollBack(rpb.RollBackRequest(change=change), timeout=5)
    assert await again.code() is grpc.StatusCode.ABORTED
    assert await again.details() == "the release is number 3 by now, not 2: look at it and decide again"
    listed = (await releases.ListReleases(rpb.ListReleasesRequest(), timeout=5)).releases
    assert [each.serial for each in listed] == [3, 2, 1]


async def test_without_a_gateway_callers_hear_unavailable_and_a_new_one_is_found(tmp_path: Path) -> None:
    """By its health; and again."""
    parts = World(tmp_path).parts
    gateway = compose_server(parts)
    port = await gateway.start("127.0.0.1:0")
    with haproxy(f"127.0.0.1:{port}") as front:
        world = World(tmp_path)
        await world.connect(front)
        await gateway.stop()
        for _ in range(4):  # before HAProxy finds it ill, which takes two looks, and after
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
            ends: set[Told] = set()
            while len(ends) < 2:
                calls = [made.stub.GetSegments(ANN, timeout=5) for _ in range(40)]
                ends.update([await told(call) for call in calls])
            await made.channel.close()
    assert ends == {Told(grpc.StatusCode.OK, ""), OVERLOADED}


async def test_a_change_is_not_sent_again_when_a_worker_dies_of_it(tmp_path: Path) -> None:
    """It may be logged: made again, a rollback would undo itself. Asked thrice, for not every death looks alike."""
    with dying_servers(tmp_path / "calls.txt", 6) as (servers, called), haproxy(servers) as front:
        async with grpc.aio.insecure_channel(front) as channel:
            releases: Any = ReleaseServiceStub(channel)  # type: ignore[no-untyped-call]
            for _ in range(3):
                await until_healthy(channel)
                assert await releases.RollBack(rpb.RollBackRequest(), timeout=5).code() is grpc.StatusCode.UNAVAILABLE
    assert set(called()) == {"RollBack"}
    assert len(called()) <= 3


async def test_a_change_may_take_longer_than_a_read(tmp_path: Path) -> None:
    """As long as the gateway lets it by default; a read is given up before."""
    world = World(tmp_path)
    world.segmenter.delay_s = world.office.delay_s = 1.0
    text = CONFIGURATION.read_text(encoding="utf-8")
    shorter = tmp_path / "shorter.cfg"
    shorter.write_text(text.replace("timeout server 10s", "timeout server 300ms"), encoding="utf-8")
    async with served(world.parts) as (_, address):
        with haproxy(address, shorter) as front:
            async with grpc.aio.insecure_channel(front) as channel:
                await until_healthy(channel)
                read: Any = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
                given_up = Told(grpc.StatusCode.UNAVAILABLE, "the gateway does not answer; back off")
                assert await told(read.GetSegments(ANN, timeout=20)) == given_up
                releases: Any = ReleaseServiceStub(channel)  # type: ignore[no-untyped-call]
                change = rpb.ReleaseChange(segmenter="promo", who="ann", why="a test")
                back = await releases.RollBack(rpb.RollBackRequest(change=change), timeout=20)
                assert (back.release.action, back.release.serial) == ("roll_back", 3)
    [allowed_s] = re.findall(r"backend releases\n(?:.*\n)*?    timeout server (\d+)s ", text)
    assert float(allowed_s) > CHANGE_S
