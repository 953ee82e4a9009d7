"""WatchSegments over a real server and stub: told at the beginning, at changes, and after a reconnection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from fake_features import FakeFeatures
from google.rpc import error_details_pb2, status_pb2
from toy_segmentation import served, toy_parts
from toy_segmenter import ToySegmenter, toy_profile

from serving.domain.watch import Watcher
from strata.changes.ports import GAP, Changed
from strata.v1 import segmentation_pb2 as pb


class Notices:
    """A ChangeSubscriber told by hand."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Changed] = asyncio.Queue()

    def tell(self, *users: str) -> None:
        self._queue.put_nowait(Changed("events@3600", users))

    def gap(self) -> None:
        self._queue.put_nowait(GAP)

    async def notices(self) -> AsyncIterator[Changed]:
        while True:
            yield await self._queue.get()


class World:
    """A gateway of one toy segmenter, and what changes around it."""

    def __init__(self, folder: Path, version: str = "0123456789ab") -> None:
        self.features = FakeFeatures({"ann": [0, 1], "bob": [1, 1], "cleo": [2, 1]})
        self.segmenter = ToySegmenter(toy_profile(version=version))
        self.notices = Notices()
        self.parts = toy_parts(
            folder, {"toy": self.segmenter}, self.features, changes=self.notices, tracked=frozenset({"toy"})
        )

    def move(self, user: str, segment: int) -> None:
        """An event puts a user into another segment."""
        self.features.rows[user] = [segment, 1]
        self.notices.tell(user)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def changes(call: Any, count: int) -> list[pb.SegmentChange]:
    """So many changes, over as many messages as they come in."""
    found: list[pb.SegmentChange] = []
    while len(found) < count:
        found += (await asyncio.wait_for(call.read(), 5)).changes
    return found


def request(*users: str, **more: Any) -> pb.WatchSegmentsRequest:
    return pb.WatchSegmentsRequest(user_ids=users, **more)


async def token_of(call: Any) -> bytes:
    """The token of the next message without changes."""
    while True:
        message = await asyncio.wait_for(call.read(), 5)
        if message.resume_token:
            return bytes(message.resume_token)


async def test_it_begins_with_every_users_present_segment(world: World) -> None:
    """Unknown users have the fallback, without a score."""
    async with served(world.parts) as (stub, _):
        found = await changes(stub.WatchSegments(request("ann", "cleo", "nobody")), 3)
    told = {change.user_id: (change.segment, change.cause, change.HasField("score")) for change in found}
    initial = pb.CHANGE_CAUSE_INITIAL
    assert told == {"ann": ("low", initial, True), "cleo": ("high", initial, True), "nobody": ("low", initial, False)}


async def test_an_event_that_moves_a_user_is_told_with_old_and_new(world: World) -> None:
    """And one that does not is not."""
    async with served(world.parts) as (stub, _):
        call = stub.WatchSegments(request("ann", "bob"))
        await changes(call, 2)
        world.notices.tell("bob")
        world.move("ann", 2)
        [change] = await changes(call, 1)
    assert (change.user_id, change.previous_segment, change.segment, change.label) == ("ann", "low", "high", "High")
    assert change.cause == pb.CHANGE_CAUSE_EVENT
    assert change.version == "0123456789ab"


async def test_time_is_looked_for_when_notices_may_be_missing(world: World) -> None:
    """After a gap every watched user is looked at."""
    async with served(world.parts) as (stub, _):
        call = stub.WatchSegments(request("ann", "bob"))
        await changes(call, 2)
        world.features.rows["bob"] = [2, 1]
        world.notices.gap()
        [change] = await changes(call, 1)
    assert (change.user_id, change.segment, change.cause) == ("bob", "high", pb.CHANGE_CAUSE_TIME)


async def test_a_segmenter_that_is_down_is_not_told_as_a_change(world: World) -> None:
    """A fallback for want of better is no segment to act upon; the truth is told when it is back."""
    async with served(world.parts) as (stub, _):
        call = stub.WatchSegments(request("ann"))
        await changes(call, 1)
        world.segmenter.down = True
        world.move("ann", 1)
        await asyncio.sleep(0.05)
        world.segmenter.down = False
        world.move("ann", 2)
        [change] = await changes(call, 1)
    assert (change.previous_segment, change.segment) == ("low", "high")


async def test_a_watch_goes_on_from_its_token_on_another_worker(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what is other than the client was told is told."""
    monkeypatch.setattr("serving.servicers.watching.HEARTBEAT_S", 0.1)
    async with served(world.parts) as (stub, _):
        call = stub.WatchSegments(request("ann", "bob", "cleo"))
        await changes(call, 3)
        token = await token_of(call)
    other = World(tmp_path)
    other.features.rows["bob"] = [2, 1]
    async with served(other.parts) as (stub, _):
        call = stub.WatchSegments(request("ann", "bob", "cleo", resume_token=token))
        [change] = await changes(call, 1)
        assert await token_of(call)
    assert (change.user_id, change.previous_segment, change.segment) == ("bob", "middle", "high")


async def test_another_version_is_the_cause_of_what_it_changes(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that resumes after a release is told so."""
    monkeypatch.setattr("serving.servicers.watching.HEARTBEAT_S", 0.1)
    async with served(world.parts) as (stub, _):
        call = stub.WatchSegments(request("ann"))
        await changes(call, 1)
        token = await token_of(call)
    released = World(tmp_path, version="ba9876543210")
    released.features.rows["ann"] = [2, 1]
    async with served(released.parts) as (stub, _):
        call = stub.WatchSegments(request("ann", resume_token=token))
        [change] = await changes(call, 1)
        released.move("ann", 1)
        [next_change] = await changes(call, 1)
    assert (change.version, change.cause) == ("ba9876543210", pb.CHANGE_CAUSE_RELEASE)
    assert next_change.cause == pb.CHANGE_CAUSE_EVENT


async def test_everybody_may_be_watched_where_it_is_set(world: World) -> None:
    """Whoever changes is told of, whoever does not is not."""
    async with served(world.parts) as (stub, _):
        call = stub.WatchSegments(request(segmenters=["toy"], all_users=True))
        await asyncio.sleep(0.05)
        world.move("bob", 2)
        [change] = await changes(call, 1)
    assert (change.user_id, change.segment) == ("bob", "high")


async def test_a_watch_of_everybody_that_falls_behind_ends_with_a_reason(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More changed than may wait to be read: none is told, the client is, and can begin anew."""
    monkeypatch.setattr("serving.servicers.watching.Watcher", partial(Watcher, told_limit=2))
    everybody = request(segmenters=["toy"], all_users=True)
    async with served(world.parts) as (stub, _):
        call = stub.WatchSegments(everybody)
        await asyncio.sleep(0.05)
        world.notices.tell("ann", "bob", "cleo")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await asyncio.wait_for(call.read(), 5)
        again = stub.WatchSegments(everybody)
        await asyncio.sleep(0.05)
        world.move("bob", 2)
        [change] = await changes(again, 1)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert _reason(caught.value) == "WATCH_BEHIND"
    assert (change.user_id, change.segment) == ("bob", "high")


@pytest.mark.parametrize(
    ("asked", "code", "reason"),
    [
        (request(), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
        (request("ann", "ann"), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
        (request("a\x00b"), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
        (request(*map(str, range(10_001))), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
        (request("ann", all_users=True), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
        (request(all_users=True), grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
        (request("ann", segmenters=["none"]), grpc.StatusCode.NOT_FOUND, "SEGMENTER_NOT_FOUND"),
    ],
)
async def test_what_cannot_be_watched_is_said(
    world: World, asked: pb.WatchSegmentsRequest, code: grpc.StatusCode, reason: str
) -> None:
    """Before the first message, with a reason."""
    async with served(world.parts) as (stub, _):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.WatchSegments(asked).read()
    assert caught.value.code() is code
    assert _reason(caught.value) == reason


async def test_a_segmenter_that_is_not_tracked_cannot_be_watched_whole(tmp_path: Path) -> None:
    """Somebody has to have meant it."""
    world = World(tmp_path)
    parts = toy_parts(tmp_path, {"toy": world.segmenter}, world.features)
    async with served(parts) as (stub, _):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.WatchSegments(request(segmenters=["toy"], all_users=True)).read()
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert _reason(caught.value) == "SEGMENTER_NOT_TRACKED"


def _reason(error: grpc.aio.AioRpcError) -> str:
    [details] = [value for key, value in error.trailing_metadata() or () if key == "grpc-status-details-bin"]
    found = error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(found) for detail in status_pb2.Status.FromString(details).details)
    return found.reason
