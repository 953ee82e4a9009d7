"""Live events through the whole platform: published at its one address, in the answers a moment later, never lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from platform_process import Keeper, PlatformProcess

from strata.client import Client, Event, connect
from strata.client.calls import CallFailed
from strata.clock import parse_instant
from strata.command.up.platform_time import FILE_NAME
from strata.processes.orphans import CHILD_VARIABLE, find_marked
from strata.v1 import segmentation_pb2 as pb
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

NEWCOMER = "a-visitor-of-the-live-test"


def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.02)


@pytest.fixture
def client(platform: PlatformProcess) -> Iterator[Client]:
    with connect(platform.addresses["grpc"]) as one:
        yield one


def _purchase(user: str, name: str, amount: str = "180.00") -> Event:
    return Event(user_id=user, event_id=name, type="purchase", session_id=name, item_id="1", category="GROCERY",
                 value=amount, quantity=1)  # fmt: skip


def test_a_purchase_is_in_the_answer_a_moment_after_it_was_acknowledged(client: Client) -> None:
    """A user nobody knew is answered live once their first event is taken; the same event again is a duplicate."""
    assert client.get_segments(NEWCOMER)["value_tiers"].source == "fallback"
    published = client.publish([_purchase(NEWCOMER, "live-1")])
    assert published.counts["accepted"] == 1
    _until(lambda: client.get_segments(NEWCOMER)["value_tiers"].source == "live")
    assert client.publish([_purchase(NEWCOMER, "live-1")]).counts["duplicate"] == 1


def test_a_watcher_is_told_when_a_purchase_moves_a_user(platform: PlatformProcess, client: Client) -> None:
    """From the fallback of a stranger to a segment of their own, with the event as its cause."""
    user = "a-watched-visitor"
    with grpc.insecure_channel(platform.addresses["grpc"]) as channel:
        stub: Any = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
        call = stub.WatchSegments(pb.WatchSegmentsRequest(user_ids=[user], segmenters=["value_tiers"]), timeout=120)
        initial = _next_change(call)
        assert initial.cause == pb.CHANGE_CAUSE_INITIAL
        for n in range(40):
            client.publish([_purchase(user, f"watched-{n}")])
        moved = _next_change(call)
        call.cancel()
    assert moved.cause == pb.CHANGE_CAUSE_EVENT
    assert moved.previous_segment == initial.segment != moved.segment


def test_a_killed_stream_process_loses_nothing_it_acknowledged(platform: PlatformProcess, client: Client) -> None:
    """Kill -9: it is started again, answers go on meanwhile, and what was acknowledged is in the answers."""
    user = "a-visitor-before-the-kill"
    for pid in find_marked(CHILD_VARIABLE, "stream"):
        if pid in platform.living():
            published = client.publish([_purchase(user, "before-the-kill")])
            os.kill(pid, signal.SIGKILL)
            assert published.counts["accepted"] == 1
            break
    _until(lambda: client.get_segments(user)["value_tiers"].source == "live")

    def taken() -> bool:
        try:
            return client.publish([_purchase(user, "after-the-kill")]).counts["accepted"] == 1
        except CallFailed as failed:
            return {"UNAVAILABLE": False}[failed.code]

    _until(taken)


def test_the_next_start_goes_on_in_time_and_knows_what_was_published(keeper: Keeper) -> None:
    """The replay continues where it stopped; nobody has to be imported again."""
    keeper.running()
    home = keeper.stopped()
    assert (home / FILE_NAME).is_file()
    platform = keeper.running()
    with connect(platform.addresses["grpc"]) as client:
        answer = client.get_segments(NEWCOMER)
        assert answer["value_tiers"].source == "live"
        assert answer.as_of.timestamp() * 1e6 > parse_instant("2017-12-01T05:00:05Z")


def _next_change(call: Any) -> pb.SegmentChange:
    for message in call:
        for change in message.changes:
            found: pb.SegmentChange = change
            return found
    raise AssertionError("the watch ended")
