"""The typed client, and a client without protos, against a whole gateway of doubles."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import grpc
import pytest
import pytest_asyncio
from fake_features import FakeFeatures
from reflecting_client import ReflectingClient
from toy_segmentation import served, toy_parts
from toy_segmenter import ToySegmenter, toy_profile

from serving.ports import Scores
from strata.client import Assignment, CallFailed, Client, connect
from strata.client.calls import SERVICE_CONFIG
from strata.command.segment import segment
from strata.v1 import segmentation_pb2 as pb

NAN = float("nan")


@pytest_asyncio.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    segmenters = {"tiers": ToySegmenter(toy_profile("tiers"))}
    features = FakeFeatures({"ann": (2, 1.0), "bob": (1, NAN)})
    async with served(toy_parts(tmp_path, segmenters, features)) as (_, where):
        yield where


async def test_an_answer_is_plain_python(address: str) -> None:
    def ask() -> None:
        with connect(address) as client:
            found = client.get_segments("ann")
            assert found.as_of == datetime(2017, 11, 30, 0, 1, tzinfo=UTC)
            assert found["tiers"] == Assignment(
                "tiers", "0123456789ab", "high", "High", 0.5, "live", "", (), timedelta(seconds=60), None
            )
            unknown = client.get_segments("nobody")["tiers"]
            assert (unknown.segment, unknown.score, unknown.source) == ("low", None, "fallback")
            assert (unknown.degradation, unknown.feature_age) == ("unknown_user", None)

    await asyncio.to_thread(ask)


async def test_a_batch_is_columns(address: str) -> None:
    def ask() -> None:
        with connect(address) as client:
            batch = client.batch_get_segments(["ann", "", "nobody", "bob"], include_scores=True)
        assert batch.statuses == ("known", "invalid", "unknown", "known")
        [column] = batch.columns
        assert column.segments == ("high", None, "low", "middle")
        assert column.sources == ("live", "", "fallback", "live")
        assert column.scores[0] == 0.5
        assert batch.missing_features == {3: ("orders:f1",)}

    await asyncio.to_thread(ask)


async def test_segmenters_are_described(address: str) -> None:
    def ask() -> None:
        with connect(address) as client:
            [one] = client.list_segmenters()
            assert one == client.get_segmenter("tiers")
            assert (one.placement, one.score_meaning, one.fallback_segment) == ("embedded", "margin", "low")
            assert one.segments[2] == ("high", "High", "The high ones.")

    await asyncio.to_thread(ask)


async def test_a_refusal_is_a_sentence_with_its_code(address: str) -> None:
    def ask() -> None:
        with connect(address) as client, pytest.raises(CallFailed, match="no segmenter is named 'tears'") as caught:
            client.get_segments("ann", "tears")
        assert caught.value.code == "NOT_FOUND"
        assert caught.value.request_id

    await asyncio.to_thread(ask)


async def test_a_gateway_too_busy_to_begin_says_so_in_words(tmp_path: Path) -> None:
    """gRPC's core refuses with CANCELLED and no word more; a call that is given up here is told otherwise."""
    came = Event()

    class Slow(ToySegmenter):
        async def score(self, values: Any, deadline: Any) -> Scores:
            came.set()
            return await super().score(values, deadline)

    segmenter = Slow(toy_profile("tiers"), waits=True)
    parts = toy_parts(tmp_path, {"tiers": segmenter}, FakeFeatures({"ann": (2, 1.0)}))
    parts = replace(parts, limits=replace(parts.limits, max_pending_calls=1))

    def ask(client: Client) -> tuple[str, str]:
        try:
            client.get_segments("ann", timeout_s=10)
        except CallFailed as failed:
            return failed.code, str(failed)
        return "OK", ""

    def close_while_asking(address: str) -> tuple[str, str]:
        with ThreadPoolExecutor(1) as threads:
            with connect(address) as client:
                asked = threads.submit(ask, client)
                assert came.wait(10)
            return asked.result()

    def crowd(address: str) -> set[tuple[str, str]]:
        with connect(address) as client, ThreadPoolExecutor(40) as threads:
            told: set[tuple[str, str]] = set()
            while len(told) < 2:
                told |= set(threads.map(lambda _: ask(client), range(40)))
            return told

    async with served(parts) as (_, address):
        busy = f"the gateway at {address} was too busy to begin the call; wait a little, then call again"
        assert await asyncio.to_thread(crowd, address) == {("OK", ""), ("CANCELLED", busy)}
        segmenter.hangs = True
        came.clear()
        assert await asyncio.to_thread(close_while_asking, address) == ("CANCELLED", "Channel closed!")


def test_what_is_down_hears_each_call_once() -> None:
    """The first call is sent four times; with half of the client's budget gone nothing is sent again."""
    heard: Counter[str] = Counter()

    class Down(grpc.GenericRpcHandler):
        def service(self, handler_call_details: Any) -> Any:
            def refuse(request: bytes, context: Any) -> bytes:
                heard[pb.GetSegmentsRequest.FromString(request).user_id] += 1
                context.abort(grpc.StatusCode.UNAVAILABLE, "down")
                raise AssertionError("abort returned")

            return grpc.unary_unary_rpc_method_handler(refuse)

    server = grpc.server(ThreadPoolExecutor(2), handlers=(Down(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    users = [f"u{number}" for number in range(20)]
    with connect(f"127.0.0.1:{port}", call_s=20) as client:
        for user in users:
            with pytest.raises(CallFailed):
                client.get_segments(user)
    server.stop(None).wait()
    assert heard == {user: 4 if user == "u0" else 1 for user in users}


def test_the_page_shows_what_our_client_does() -> None:
    """Callers in other languages copy its service config."""
    page = (Path(__file__).parents[3] / "docs" / "serving.md").read_text(encoding="utf-8")
    shown = json.loads(page.partition("```json\n")[2].partition("```")[0])
    reads = next(each for each in SERVICE_CONFIG["methodConfig"] if "Segmentation" in each["name"][0]["service"])
    assert shown == {**SERVICE_CONFIG, "methodConfig": [reads]}


def test_nobody_there_is_a_sentence() -> None:
    with connect("127.0.0.1:1") as client, pytest.raises(CallFailed, match="strata up"):
        client.get_segments("ann")


async def test_a_client_without_protos_asks_by_reflection(address: str) -> None:
    """Labels, scores, versions, ages, source and as_of, from the server's own description."""

    def ask() -> None:
        client = ReflectingClient(address)
        assert "strata.v1.SegmentationService" in client.services()
        reply = client.call("GetSegments", {"user_id": "ann"})
        client.close()
        assert reply == {
            "user_id": "ann",
            "assignments": [
                {
                    "segmenter": "tiers", "version": "0123456789ab", "segment": "high", "label": "High",
                    "score": 0.5, "source": "ASSIGNMENT_SOURCE_LIVE", "feature_age": "60s",
                }
            ],
            "as_of": "2017-11-30T00:01:00Z",
        }  # fmt: skip

    await asyncio.to_thread(ask)


async def test_a_person_reads_a_table_and_a_program_json(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Labels, scores, versions, ages and sources in both."""

    async def ask(user: str, *, as_json: bool = False) -> str:
        await asyncio.to_thread(segment, user, target=address, as_json=as_json)
        return capsys.readouterr().out

    shown = await ask("ann")
    for word in ("tiers", "High (high)", "0.500", "live", "1.0 min old", "0123456789ab", "2017-11-30 00:01:00 UTC"):
        assert word in shown
    assert "fallback (unknown user)" in await ask("nobody")
    assert "had no value for orders:f1" in await ask("bob")
    document = json.loads(await ask("ann", as_json=True))
    assert document["assignments"][0]["feature_age_s"] == 60.0
