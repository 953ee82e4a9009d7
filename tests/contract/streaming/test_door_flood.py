"""More than the door may hold: refused with a delay, and no memory is taken for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import pytest
from served_door import event_of, reason_of, request_of, served_door, until

from strata.v1 import event_pb2 as pb

MB = 1 << 20


def resident_bytes() -> int:
    """What this process has in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def heavy(number: int) -> pb.PublishEventsRequest:
    """Some 1 MB of events whose ids are their own."""
    attributes = {"text": "x" * 9_000}
    events = [event_of(f"{number}-{each}") for each in range(110)]
    for event in events:
        event.attributes.update(attributes)
    return request_of(*events)


async def test_past_its_bytes_the_door_refuses_with_a_delay() -> None:
    """Of 200 requests of 1 MB against a log that holds back, 4 are held and 196 are told to come again."""
    async with served_door(in_flight_bytes=4 * MB + MB // 2) as door:
        door.log.hold()
        raw = heavy(0).SerializeToString()
        publish = door.channel.unary_unary("/strata.v1.EventService/PublishEvents")
        held = [asyncio.ensure_future(publish(heavy(number).SerializeToString())) for number in range(4)]
        await until(lambda: door.log.queued == 440)
        refused, before = [], 0
        for turn in range(49):
            if turn == 9:
                # Client and server share this process: what their transports keep for themselves is there by now.
                before = resident_bytes()
            answers = await asyncio.gather(*(publish(raw) for _ in range(4)), return_exceptions=True)
            refused += [reason_of(each) for each in answers if isinstance(each, grpc.aio.AioRpcError)]
        assert refused == [("RESOURCE_EXHAUSTED", "DOOR_FULL", 0.1)] * 196
        assert door.count("strata_door_bytes_in_flight") <= 4.5 * MB
        assert resident_bytes() - before < 64 * MB
        door.log.let_go()
        assert [pb.PublishEventsResponse.FromString(each).counts.accepted for each in await asyncio.gather(*held)] == [
            110
        ] * 4
        await until(lambda: door.count("strata_door_bytes_in_flight") == 0)


async def test_past_its_calls_the_door_refuses_with_a_delay() -> None:
    """A call too many is told when to come again; once there is room it is served."""
    async with served_door(max_calls=2) as door:
        door.log.hold()
        held = [asyncio.ensure_future(door.stub.PublishEvents(request_of(event_of(str(n))))) for n in range(2)]
        await until(lambda: door.log.queued == 2)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await door.stub.PublishEvents(request_of(event_of("c")))
        assert reason_of(refused.value) == ("RESOURCE_EXHAUSTED", "DOOR_FULL", 0.1)
        door.log.let_go()
        await asyncio.gather(*held)
        assert (await door.stub.PublishEvents(request_of(event_of("c")))).counts.accepted == 1


async def test_streams_wait_for_room() -> None:
    """Streams past the door's bytes are served one after the other, all of them."""
    async with served_door(in_flight_bytes=2_000) as door:
        door.log.hold()

        async def send(name: str) -> int:
            call = door.stub.StreamEvents()
            for number in range(20):
                await call.write(pb.StreamEventsRequest(events=[event_of(f"{name}{number}", item_id="i" * 200)]))
            await call.done_writing()
            return sum([reply.result.counts.accepted async for reply in call])

        streams = [asyncio.ensure_future(send(name)) for name in "abcd"]
        await until(lambda: door.count("strata_door_bytes_in_flight") > 1_500)
        assert door.count("strata_door_bytes_in_flight") <= 2_000
        door.log.let_go()
        assert await asyncio.gather(*streams) == [20] * 4


async def test_a_million_empty_events_are_refused_unread() -> None:
    """Two bytes an event would become a hundred when read: such a request costs no memory to speak of."""
    async with served_door() as door:
        publish = door.channel.unary_unary("/strata.v1.EventService/PublishEvents")
        before = resident_bytes()
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await publish(b"\x0a\x00" * (2 * MB - 1))
        assert reason_of(refused.value)[:2] == ("INVALID_ARGUMENT", "INVALID_REQUEST")
        assert resident_bytes() - before < 48 * MB
