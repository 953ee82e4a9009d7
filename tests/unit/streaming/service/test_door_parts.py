"""The door's small parts: what it remembers, counts on bytes, and how much it holds."""

from __future__ import annotations

import asyncio

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from served_door import NOW_US, HandClock, event_of, request_of

from strata.features.plan import LATENESS_US
from strata.v1 import event_pb2 as pb
from streaming.service.batches import judge_batch
from streaming.service.faults import to_fault
from streaming.service.recent_ids import RecentIds, key_of
from streaming.service.room import DoorFull, Room
from streaming.service.stamps import Stamps
from streaming.service.wire import exceeds


def test_the_newest_ids_are_known() -> None:
    """At least as many as asked for, at most twice as many."""
    recent = RecentIds(100)
    for number in range(1_000):
        recent.remember({str(number): NOW_US})
        assert all(recent.knows(str(newest), NOW_US) for newest in range(max(0, number - 99), number + 1))
        assert len(recent) <= 200
    assert not recent.knows("0", NOW_US)


def test_long_ids_are_bounded_in_bytes() -> None:
    """Ids of 700 bytes count for what they take."""
    recent = RecentIds(1_000_000, max_bytes=1 << 20)
    for number in range(10_000):
        recent.remember({f"{number:0700}": NOW_US})
    assert len(recent) * 900 <= (1 << 20) + 900


def test_an_id_is_free_again_after_its_horizon() -> None:
    """Exactly as where events are counted: known while its event time is within H."""
    recent = RecentIds(10)
    recent.remember({"a": NOW_US})
    assert recent.knows("a", NOW_US + LATENESS_US)
    assert not recent.knows("a", NOW_US + LATENESS_US + 1)


def test_ids_belong_to_users() -> None:
    """The same id of another user is another event."""
    recent = RecentIds(10)
    first = judge_batch([event_of("a", "u"), event_of("a", "v"), event_of("a", "u")], NOW_US, 8, recent)
    assert first.outcomes == [pb.EVENT_OUTCOME_ACCEPTED] * 2 + [pb.EVENT_OUTCOME_DUPLICATE]
    assert list(first.event_times) == [key_of("u", "a"), key_of("v", "a")]


def test_a_batch_is_known_only_once_it_is_remembered() -> None:
    """Judging alone changes nothing: the append may fail."""
    recent = RecentIds(10)
    for _ in range(2):
        batch = judge_batch([event_of()], NOW_US, 8, recent)
        assert batch.outcomes == [pb.EVENT_OUTCOME_ACCEPTED]
    recent.remember(batch.event_times)
    assert judge_batch([event_of()], NOW_US, 8, recent).outcomes == [pb.EVENT_OUTCOME_DUPLICATE]


def test_stamps_never_decrease() -> None:
    """A clock set back is waited out."""
    clock = HandClock(10)
    stamps = Stamps(clock)
    found = []
    for clock.at_us in (10, 12, 5, 12, 13):
        found.append(stamps.next_us())
    assert found == [10, 12, 12, 12, 13]


def test_bytes_are_given_back_in_the_order_asked() -> None:
    """Who waits first is let in first, also past one that would fit; who gave up is passed over."""

    async def run() -> None:
        room = Room(10, 1)
        room.take(8)
        order: list[str] = []

        async def wait(name: str, size: int) -> None:
            await room.wait(size)
            order.append(name)

        big, gone, small = (asyncio.ensure_future(wait(*each)) for each in (("big", 9), ("gone", 1), ("small", 1)))
        await asyncio.sleep(0)
        with pytest.raises(DoorFull):
            room.take(1)
        gone.cancel()
        room.give(8)
        await asyncio.gather(big, small)
        assert (order, room.held_bytes) == (["big", "small"], 10)

    asyncio.run(run())


def test_one_request_always_fits() -> None:
    """A request larger than the room is served when nothing else is."""
    room = Room(10, 1)
    room.take(50)
    with pytest.raises(DoorFull):
        room.take(1)


def test_a_defect_of_ours_tells_nothing_but_the_request_id() -> None:
    """The text of a foreign error never leaves the process."""
    fault = to_fault(KeyError("/etc/secret"), "r-1")
    assert (fault.code.name, fault.message, fault.is_ours) == (
        "INTERNAL", "an internal error; report request id r-1", True,
    )  # fmt: skip
    assert b"secret" not in dict(fault.trailer)["grpc-status-details-bin"]


@given(st.lists(st.integers(0, 3), max_size=20), st.integers(0, 25))
def test_fields_are_counted_on_the_bytes(shapes: list[int], limit: int) -> None:
    """As many as a message has, whatever their content."""
    events = [event_of("e" * shape * 100, quantity=shape) for shape in shapes]
    raw = request_of(*events).SerializeToString()
    assert exceeds(raw, limit) == (len(events) > limit)


@given(st.binary(max_size=60))
def test_bytes_that_cannot_be_read_are_too_many(raw: bytes) -> None:
    """What is counted as within bounds is read by protobuf, or refused by it, in no more fields than counted."""
    assert exceeds(raw, -1) or not raw
    if not exceeds(raw, 3):
        try:
            assert len(pb.PublishEventsRequest.FromString(raw).events) <= 3
        except DecodeError:
            return
