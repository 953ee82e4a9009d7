"""What a remote segmenter does when its server is wrong, gone, slow, or comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import pytest_asyncio
from toy_home import make_home

from serving.adapters import remote_package
from serving.adapters.packages import embedded_package, remote_profile
from serving.adapters.remote_package import RemotePackage
from serving.adapters.remote_segmenter import RemoteSegmenter
from serving.bento.grpc_server import SegmenterServer
from serving.bento.servicer import SegmenterServicer
from serving.domain.deadline import Deadline
from serving.domain.segmenter import SegmenterProfile
from serving.releases.loading import VersionLoader
from strata.errors import SegmenterUnavailable
from strata.registry import read_catalog
from strata.runtime import Package
from strata.settings import Settings

ROW = np.array([[5.0, 5.0]])


class World:
    """One package, a server of it that can be stopped and started, and a segmenter that asks it."""

    def __init__(self, package: Package, profile: SegmenterProfile, stack: AsyncExitStack) -> None:
        self.package, self.profile, self._stack = package, profile, stack
        self.server: SegmenterServer | None = None
        self.port = 0
        self.watched: RemotePackage | None = None
        self.channel: Any = None

    async def serve(self, package: Package | None = None) -> None:
        self.server = SegmenterServer(package or self.package, max_connection_age_s=60)
        self.port = await self.server.start("127.0.0.1", self.port)

    async def stop(self) -> None:
        assert self.server is not None
        await self.server.stop(None)
        self.server = None

    async def connect(self, profile: SegmenterProfile | None = None) -> RemoteSegmenter:
        address = f"127.0.0.1:{self.port}"
        options = [(f"grpc.{name}_reconnect_backoff_ms", 100) for name in ("initial", "min", "max")]
        channel = await self._stack.enter_async_context(grpc.aio.insecure_channel(address, options=options))
        self.channel = channel
        self.watched = RemotePackage(profile or self.profile, channel, address)
        self.watched.start()
        self._stack.push_async_callback(self.watched.stop)
        return RemoteSegmenter(profile or self.profile, channel, self.watched)


@pytest_asyncio.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(remote_package, "RECHECK_S", 0.05)
    settings = make_home(tmp_path / "home")
    catalog = read_catalog(settings.registry)
    async with AsyncExitStack() as stack:
        made = World(
            embedded_package(settings.packages, "toy_tiers", "latest", catalog),
            remote_profile(settings.packages, "toy_tiers", "latest", catalog),
            stack,
        )
        await made.serve()
        yield made
        if made.server is not None:
            await made.stop()


async def failure(segmenter: RemoteSegmenter, seconds: float = 2.0) -> SegmenterUnavailable:
    with pytest.raises(SegmenterUnavailable) as caught:
        await segmenter.score(ROW, Deadline.after(seconds))
    return caught.value


async def failing(segmenter: RemoteSegmenter, words: str) -> None:
    """Ask until it fails for this reason."""
    while True:
        try:
            await segmenter.score(ROW, Deadline.after(1))
        except SegmenterUnavailable as unavailable:
            if words in unavailable.reason:
                return
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("field", "word"),
    [("version", "version"), ("schema_fingerprint", "schema fingerprint"), ("manifest_sha256", "manifest")],
)
async def test_a_server_of_another_package_gets_no_rows(world: World, field: str, word: str) -> None:
    """And the difference is named, at once and without waiting for it."""
    other = replace(world.profile, **{field: "0" * len(getattr(world.profile, field))})  # type: ignore[arg-type]
    segmenter = await world.connect(other)
    await failing(segmenter, f"{word} {getattr(world.profile, field)} instead of {'0' * 8}")


async def test_a_server_that_is_not_there_fails_at_once(world: World) -> None:
    """Not after the deadline."""
    await world.stop()
    segmenter = await world.connect()
    await failing(segmenter, "cannot be reached")
    found = await failure(segmenter, seconds=3_600)
    assert not found.timed_out


async def test_a_server_that_comes_back_is_asked_again(world: World) -> None:
    """After it was seen to serve the same package."""
    segmenter = await world.connect()
    assert world.watched is not None
    await world.watched.sound.wait()
    await world.stop()
    await failing(segmenter, "")
    await world.serve()
    await world.watched.sound.wait()
    assert (await segmenter.score(ROW, Deadline.after(5))).segment_indexes.tolist() == [1]


async def test_a_server_that_comes_back_with_another_package_is_not(world: World) -> None:
    segmenter = await world.connect()
    assert world.watched is not None
    await world.watched.sound.wait()
    await world.stop()
    await failing(segmenter, "")
    await world.serve(replace(world.package, manifest=replace(world.package.manifest, version="f" * 12)))
    await failing(segmenter, "version ffffffffffff")


async def test_a_slow_server_times_out_within_the_callers_deadline(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reserve left for the ladder."""
    segmenter = await world.connect()
    assert world.watched is not None
    await world.watched.sound.wait()

    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(SegmenterServicer, "Score", hang)
    await world.stop()
    await world.serve()
    await world.watched.sound.wait()
    deadline = Deadline.after(0.2)
    with pytest.raises(SegmenterUnavailable) as caught:
        await segmenter.score(ROW, deadline)
    assert caught.value.timed_out
    assert deadline.left_s() > 0


async def test_no_time_left_means_no_call(world: World) -> None:
    segmenter = await world.connect()
    assert world.watched is not None
    await world.watched.sound.wait()
    assert (await failure(segmenter, seconds=0.002)).timed_out


async def test_a_server_that_refuses_rows_is_asked_what_it_serves(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAILED_PRECONDITION takes the route away until DescribePackage fits again."""
    segmenter = await world.connect()
    assert world.watched is not None
    await world.watched.sound.wait()
    honest = SegmenterServicer.Score

    async def refuse(self: object, request: object, context: Any) -> None:
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "another package")

    monkeypatch.setattr(SegmenterServicer, "Score", refuse)
    await world.stop()
    await world.serve()
    await failing(segmenter, "FAILED_PRECONDITION")
    monkeypatch.setattr(SegmenterServicer, "Score", honest)
    await world.stop()
    await world.serve()
    await world.watched.sound.wait()
    assert (await segmenter.score(ROW, Deadline.after(5))).segment_indexes.tolist() == [1]


async def test_rows_are_sent_once_however_a_server_refuses_them(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the channel a gateway makes: the ladder answers, and a server that is full is not asked for more."""
    asked: list[int] = []

    async def refuse(self: object, request: Any, context: Any) -> None:
        asked.append(request.row_count)
        await context.abort(grpc.StatusCode.UNAVAILABLE, "full")

    monkeypatch.setattr(SegmenterServicer, "Score", refuse)
    await world.stop()
    await world.serve()
    remote = {"segmenters": {"toy_tiers": {"placement": "remote"}}, "bento": {"grpc_port": world.port}}
    settings = Settings.model_validate({"home": tmp_path / "home", **remote})
    catalog = read_catalog(settings.registry)
    loaded = await VersionLoader(settings).load("toy_tiers", world.profile.version, catalog, patiently=True)
    for _ in range(5):
        with pytest.raises(SegmenterUnavailable, match="UNAVAILABLE"):
            await loaded.segmenter.score(ROW, Deadline.after(5))
    await loaded.close()
    assert asked == [1] * 5


async def test_a_call_that_comes_after_the_drain_takes_the_fallback(world: World) -> None:
    """The channel is closed already: the segmenter is unavailable, and nothing of the transport is told."""
    segmenter = await world.connect()
    assert world.watched is not None
    await world.watched.sound.wait()
    await world.watched.stop()
    await world.channel.close()
    assert (await failure(segmenter)).reason == "this gateway is ending"


async def test_nobody_waits_for_a_server_that_turns_out_to_be_down(world: World) -> None:
    """A call that comes while the channel connects again has its answer when that is known, whatever its deadline."""
    segmenter = await world.connect()
    assert world.watched is not None
    await world.watched.sound.wait()
    world.watched._set(remote_package._State.RETURNING, "connecting again")
    waiting = asyncio.create_task(failure(segmenter, seconds=3_600))
    await asyncio.sleep(0)
    world.watched._set(remote_package._State.DOWN, "it is gone")
    found = await asyncio.wait_for(waiting, 5)
    assert (found.reason, found.timed_out) == ("it is gone", False)
