"""StreamEvents over a real server: acknowledgements in order, a sender that is slowed, and how streams end."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from fake_log import FakeLog
from served_door import ServedDoor, event_of, reason_of, request_of, served_door, until

from strata.errors import LogUnavailable
from strata.v1 import event_pb2 as pb
from streaming.service.servicer import IN_FLIGHT_BATCHES


def batch_of(number: int, *events: pb.Event) -> pb.StreamEventsRequest:
    return pb.StreamEventsRequest(batch_id=number, events=events or [event_of(f"e{number}")])


async def test_batches_are_acknowledged_in_order() -> None:
    """One acknowledgement a batch, with its number and outcomes; OK when the client has closed its side."""
    async with served_door() as door:
        call = door.stub.StreamEvents()
        for number in range(30):
            await call.write(batch_of(number, event_of(f"e{number}"), event_of(f"e{number}")))
        await call.done_writing()
        found = [(reply.batch_id, list(reply.result.outcomes)) async for reply in call]
        assert found == [
            (number, [pb.EVENT_OUTCOME_ACCEPTED, pb.EVENT_OUTCOME_DUPLICATE]) for number in range(30)
        ]  # fmt: skip
        assert await call.code() is grpc.StatusCode.OK
        assert len(door.logged()) == 30
        assert door.count("strata_door_ack_seconds_count", method="StreamEvents") == 30


async def test_nothing_is_acknowledged_before_it_is_durable() -> None:
    """While the log holds back, no acknowledgement comes."""
    async with served_door() as door:
        door.log.hold()
        call = door.stub.StreamEvents()
        await call.write(batch_of(1))
        await until(lambda: door.log.queued == 1)
        reading = asyncio.ensure_future(call.read())
        await asyncio.sleep(0.05)
        assert not reading.done()
        door.log.let_go()
        assert (await reading).batch_id == 1


async def test_a_stream_has_a_bounded_number_of_batches_under_way() -> None:
    """The server stops reading; what it has not read, the sender's transport holds. All of it arrives in the end."""
    async with served_door() as door:
        door.log.hold()
        call = door.stub.StreamEvents()
        for number in range(40):
            await call.write(batch_of(number))
        await until(lambda: door.log.queued >= IN_FLIGHT_BATCHES)
        await asyncio.sleep(0.05)
        # One is awaited, a queue is full, and one waits to be put into it.
        assert door.log.queued <= IN_FLIGHT_BATCHES + 2
        door.log.let_go()
        await call.done_writing()
        assert [reply.batch_id async for reply in call] == list(range(40))


async def test_a_full_log_slows_a_stream() -> None:
    """A stream is not refused when the log is full: its batch waits and is acknowledged."""
    async with served_door(FakeLog(queue_records=1)) as door:
        door.log.hold()
        blocking = asyncio.ensure_future(door.stub.PublishEvents(request_of(event_of("first"))))
        await until(lambda: door.log.queued == 1)
        call = door.stub.StreamEvents()
        await call.write(batch_of(1))
        reading = asyncio.ensure_future(call.read())
        await asyncio.sleep(0.1)
        assert not reading.done()
        door.log.let_go()
        assert (await reading).result.counts.accepted == 1
        await blocking


async def test_a_bad_batch_ends_the_stream_after_those_before_it() -> None:
    """Earlier batches are acknowledged first, then the caller is told what was wrong."""
    async with served_door() as door:
        call = door.channel.stream_stream("/strata.v1.EventService/StreamEvents")()
        await call.write(batch_of(1).SerializeToString())
        await call.write(b"\x12\xff\xff")
        assert pb.StreamEventsResponse.FromString(await call.read()).batch_id == 1
        assert await ending(call) == ("INVALID_ARGUMENT", "INVALID_REQUEST")


async def test_a_lost_log_ends_the_stream() -> None:
    """UNAVAILABLE: what was not acknowledged is to be sent again, and then it is taken."""
    async with served_door() as door:
        door.log.fault = LogUnavailable("the log cannot be written")
        call = door.stub.StreamEvents()
        await call.write(batch_of(1))
        assert await ending(call) == ("UNAVAILABLE", "LOG_UNAVAILABLE")
        door.log.fault = None
        assert await once(door, batch_of(1)) == [pb.EVENT_OUTCOME_ACCEPTED]


async def test_a_draining_door_ends_streams() -> None:
    """What was read is acknowledged, then the stream ends with UNAVAILABLE; nothing acknowledged is missing."""
    async with served_door() as door:
        call = door.stub.StreamEvents()
        await call.write(batch_of(1))
        assert (await call.read()).batch_id == 1
        door.log.hold()
        await call.write(batch_of(2))
        await until(lambda: door.log.queued == 1)
        drained = asyncio.ensure_future(door.server.drain())
        await asyncio.sleep(0.02)
        door.log.let_go()
        assert (await call.read()).batch_id == 2
        assert await ending(call) == ("UNAVAILABLE", "SERVER_GOING")
        await drained
        assert len(door.logged()) == 2


async def test_a_caller_who_leaves_frees_the_door() -> None:
    """A cancelled stream holds neither a call nor bytes once its appends are done."""
    async with served_door() as door:
        door.log.hold()
        call = door.stub.StreamEvents()
        for number in range(20):
            await call.write(batch_of(number))
        await until(lambda: door.log.queued >= IN_FLIGHT_BATCHES)
        call.cancel()
        await until(lambda: door.count("strata_door_calls_in_flight") == 0)
        door.log.let_go()
        await until(lambda: door.count("strata_door_bytes_in_flight") == 0)
        assert door.count("strata_door_calls_total", method="StreamEvents", code="CANCELLED") == 1


async def once(door: ServedDoor, batch: pb.StreamEventsRequest) -> list[int]:
    call = door.stub.StreamEvents()
    await call.write(batch)
    await call.done_writing()
    return list((await call.read()).result.outcomes)


async def ending(call: grpc.aio.StreamStreamCall) -> tuple[str, str]:
    """How a stream ends that has nothing more to say."""
    with pytest.raises(grpc.aio.AioRpcError) as ended:
        await call.read()
    return reason_of(ended.value)[:2]
