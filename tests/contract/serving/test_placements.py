"""Embedded and remote segmenters keep one contract: the same rows get the same answers, whichever way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
import numpy as np
import pytest
import pytest_asyncio
from toy_home import make_home
from toy_segmentation import served, toy_parts

from serving.adapters.embedded_segmenter import EmbeddedSegmenter
from serving.adapters.packages import embedded_package, remote_profile
from serving.adapters.remote_package import RemotePackage
from serving.adapters.remote_segmenter import RemoteSegmenter
from serving.adapters.stored_features import StoredFeatures
from serving.bento.grpc_server import SegmenterServer
from serving.domain.deadline import Deadline
from serving.ports import Segmenter
from strata.errors import SegmenterUnavailable
from strata.registry import read_catalog
from strata.settings import Settings
from strata.state import open_state
from strata.v1 import segmentation_pb2 as pb

NAN = float("nan")
Make = Callable[[str], Segmenter]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_home(tmp_path / "home")


async def embedded(settings: Settings, name: str) -> Segmenter:
    return EmbeddedSegmenter(embedded_package(settings.packages, name, "latest", read_catalog(settings.registry)))


async def remote(settings: Settings, name: str, stack: AsyncExitStack) -> Segmenter:
    """A segmenter whose server runs in this process, connected and checked."""
    catalog = read_catalog(settings.registry)
    server = SegmenterServer(embedded_package(settings.packages, name, "latest", catalog), max_connection_age_s=60)
    address = f"127.0.0.1:{await server.start('127.0.0.1', 0)}"
    stack.push_async_callback(server.stop, None)
    channel = await stack.enter_async_context(grpc.aio.insecure_channel(address))
    profile = remote_profile(settings.packages, name, "latest", catalog)
    package = RemotePackage(profile, channel, address)
    package.start()
    stack.push_async_callback(package.stop)
    await package.sound.wait()
    return RemoteSegmenter(profile, channel, package)


@pytest_asyncio.fixture(params=["embedded", "remote"])
async def segmenters(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[dict[str, Segmenter]]:
    async with AsyncExitStack() as stack:
        names = ("toy_tiers", "toy_promo")
        if request.param == "embedded":
            yield {name: await embedded(settings, name) for name in names}
        else:
            yield {name: await remote(settings, name, stack) for name in names}


async def test_rows_are_scored_in_order(segmenters: dict[str, Segmenter]) -> None:
    """Vocabulary positions and scores as the package computes them."""
    rows = np.array([[5.0, 5.0], [10.0, 10.0], [0.0, 0.0]])
    scores = await segmenters["toy_tiers"].score(rows, Deadline.after(5))
    assert scores.segment_indexes.tolist() == [1, 2, 0]
    assert scores.scores.tolist() == [1.0, 1.0, 1.0]
    assert (scores.segment_indexes.dtype, scores.scores.dtype) == (np.int32, np.float32)


async def test_a_missing_value_is_the_packages_business(segmenters: dict[str, Segmenter]) -> None:
    scores = await segmenters["toy_promo"].score(np.array([[NAN], [3.0]]), Deadline.after(5))
    assert scores.segment_indexes.tolist() == [2, 0]
    assert scores.scores == pytest.approx([0.1, 0.9])


async def test_a_thousand_rows_are_scored_at_once(segmenters: dict[str, Segmenter]) -> None:
    rows = np.tile([[10.0, 10.0]], (1_000, 1))
    scores = await segmenters["toy_tiers"].score(rows, Deadline.after(5))
    assert scores.segment_indexes.tolist() == [2] * 1_000


async def test_a_matrix_that_does_not_fit_is_the_segmenters_failure(segmenters: dict[str, Segmenter]) -> None:
    with pytest.raises(SegmenterUnavailable):
        await segmenters["toy_tiers"].score(np.zeros((1, 7)), Deadline.after(5))


async def test_calls_at_once_do_not_mix(segmenters: dict[str, Segmenter]) -> None:
    """A call cancelled among others leaves them alone."""
    tiers = segmenters["toy_tiers"]
    rows = [np.array([[float(5 * (i % 3)), float(5 * (i % 3))]]) for i in range(30)]
    calls = [asyncio.create_task(tiers.score(row, Deadline.after(5))) for row in rows]
    calls[4].cancel()
    found = await asyncio.gather(*calls, return_exceptions=True)
    answers = [None if isinstance(each, BaseException) else int(each.segment_indexes[0]) for each in found]
    assert answers == [i % 3 if i != 4 else None for i in range(30)]


async def test_the_gateway_answers_alike_on_both(
    segmenters: dict[str, Segmenter], settings: Settings, tmp_path: Path
) -> None:
    """The whole way, from the real store to the reply."""
    with open_state(settings.state, readonly=True) as state:
        pairs = {each.profile.key: each.profile.features for each in segmenters.values()}
        features = StoredFeatures(state, read_catalog(settings.registry), pairs)
        async with served(toy_parts(tmp_path, segmenters, features)) as (stub, _):
            reply = await stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"))
            batch = await stub.BatchGetSegments(
                pb.BatchGetSegmentsRequest(user_ids=["ann", "bob", "cat", "dan"], include_scores=True)
            )
    assert [(a.segment, round(a.score, 6)) for a in reply.assignments] == [("middle", 1.0), ("possible", 0.5)]
    tiers, promo = batch.columns
    assert [list(column.segment_indexes) for column in (tiers, promo)] == [[1, 2, 0, 0], [1, 0, 2, 2]]
    assert list(batch.user_statuses) == [1, 1, 1, 2]
    assert [(list(m.user_indexes), list(m.features)) for m in batch.missing_features] == [
        ([2], ["toy:spend", "toy:coupons"])
    ]
