"""EventService through the gateway: a caller cannot tell it from the door itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from served_door import ServedDoor, served_door

from serving.servicers.forwarded_events import ForwardedEvents
from strata.errors import LogUnavailable
from strata.v1 import event_pb2 as pb
from strata.v1.event_pb2_grpc import EventServiceStub


class KeptMeter:
    """Keeps the codes calls ended with."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.seconds, self.told = 0.0, asyncio.Event()

    def ended(self, code: grpc.StatusCode, seconds: float) -> None:
        self.codes.append(code.name)
        self.seconds += seconds
        self.told.set()

    def failed(self, error: BaseException, request_id: str) -> None:
        raise error


class Gateway:
    """A bare server that only forwards."""

    def __init__(self, door: str) -> None:
        self.events = ForwardedEvents(door)
        self.meters = {name: KeptMeter() for name in ("PublishEvents", "StreamEvents")}
        self.server: Any = grpc.aio.server()
        self.events.add_to(self.server, self.meters)
        self.port = self.server.add_insecure_port("127.0.0.1:0")

    async def __aenter__(self) -> Any:
        await self.server.start()
        self.channel = grpc.aio.insecure_channel(f"127.0.0.1:{self.port}")
        return EventServiceStub(self.channel)  # type: ignore[no-untyped-call]

    async def __aexit__(self, *_: object) -> None:
        await self.channel.close()
        await self.server.stop(None)
        await self.events.close()


@pytest.fixture
async def door() -> AsyncIterator[ServedDoor]:
    async with served_door() as served:
        yield served


def events(*names: str) -> list[pb.Event]:
    return [pb.Event(event_id=name, user_id="ann", type=pb.EVENT_TYPE_VIEW) for name in names]


async def test_a_batch_is_taken_and_answered_as_by_the_door(door: ServedDoor) -> None:
    """Outcomes, and the request id that was sent."""
    async with Gateway(door.address) as stub:
        call = stub.PublishEvents(pb.PublishEventsRequest(events=events("a", "b")), metadata=(("x-request-id", "r7"),))
        reply = await call
        assert reply.counts.accepted == 2
        assert ("x-request-id", "r7") in [tuple(pair) for pair in await call.trailing_metadata()]
    assert [event.event_id for event in door.logged()] == ["a", "b"]


async def test_a_stream_is_acknowledged_in_order(door: ServedDoor) -> None:
    """Batches go through as they come."""
    async with Gateway(door.address) as stub:
        requests = [pb.StreamEventsRequest(batch_id=n, events=events(f"e{n}")) for n in range(5)]
        acks = [reply.batch_id async for reply in stub.StreamEvents(iter(requests))]
    assert acks == [0, 1, 2, 3, 4]


async def test_the_doors_refusals_pass_through_whole(door: ServedDoor) -> None:
    """Status, sentence and ErrorInfo are the door's."""
    async with Gateway(door.address) as stub:
        too_many = pb.PublishEventsRequest(events=events(*(f"e{n}" for n in range(1_001))))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.PublishEvents(too_many)
        with pytest.raises(grpc.aio.AioRpcError) as direct:
            await door.stub.PublishEvents(too_many)
    assert caught.value.code() is direct.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.value.details() == direct.value.details()
    assert _reason(caught.value) == _reason(direct.value)


async def test_a_log_that_cannot_be_written_is_the_doors_to_explain(door: ServedDoor) -> None:
    """An UNAVAILABLE of the door keeps the door's words."""
    door.log.fault = LogUnavailable("the disk is gone")
    async with Gateway(door.address) as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.PublishEvents(pb.PublishEventsRequest(events=events("a")))
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert _reason(caught.value) != "EVENTS_UNAVAILABLE"


async def test_without_a_stream_process_the_caller_gets_a_sentence() -> None:
    """Not the transport's words, and a reason to switch on."""
    async with Gateway("127.0.0.1:9") as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.PublishEvents(pb.PublishEventsRequest(events=events("a")), timeout=5)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert _reason(caught.value) == "EVENTS_UNAVAILABLE"
    assert "nothing answers at 127.0.0.1:9" in (caught.value.details() or "")


async def test_a_call_that_comes_after_the_drain_can_be_repeated(door: ServedDoor) -> None:
    """The channel is closed already: UNAVAILABLE, as a client retries, and nothing was sent."""
    gateway = Gateway(door.address)
    async with gateway as stub:
        await gateway.events.close()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.PublishEvents(pb.PublishEventsRequest(events=events("a")))
        with pytest.raises(grpc.aio.AioRpcError) as streamed:
            _ = [reply async for reply in stub.StreamEvents(iter([pb.StreamEventsRequest(events=events("b"))]))]
    for error in (caught.value, streamed.value):
        assert (error.code(), _reason(error)) == (grpc.StatusCode.UNAVAILABLE, "WORKER_GOING")
    assert not list(door.logged())


async def test_a_deadline_passes_through(door: ServedDoor) -> None:
    """A door that waits for its disk costs the caller no more than its own deadline."""
    door.log.hold()
    async with Gateway(door.address) as stub:
        began = asyncio.get_running_loop().time()
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.PublishEvents(pb.PublishEventsRequest(events=events("a")), timeout=0.3)
        assert asyncio.get_running_loop().time() - began < 3
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    door.log.let_go()


async def test_calls_are_counted_by_method_and_code(door: ServedDoor) -> None:
    """Those the door takes, those it refuses, and those that come when the worker is going."""
    gateway = Gateway(door.address)
    async with gateway as stub:
        await stub.PublishEvents(pb.PublishEventsRequest(events=events("a")))
        _ = [reply async for reply in stub.StreamEvents(iter([pb.StreamEventsRequest(events=events("b"))]))]
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.PublishEvents(pb.PublishEventsRequest(events=events(*(f"e{n}" for n in range(1_001)))))
        await gateway.events.close()
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.PublishEvents(pb.PublishEventsRequest(events=events("c")))
        with pytest.raises(grpc.aio.AioRpcError):
            _ = [reply async for reply in stub.StreamEvents(iter([pb.StreamEventsRequest(events=events("d"))]))]
    codes = {name: meter.codes for name, meter in gateway.meters.items()}
    assert codes == {
        "PublishEvents": ["OK", "INVALID_ARGUMENT", "UNAVAILABLE"],
        "StreamEvents": ["OK", "UNAVAILABLE"],
    }
    assert all(meter.seconds > 0 for meter in gateway.meters.values())


async def test_a_caller_that_leaves_is_counted_as_such(door: ServedDoor) -> None:
    """A batch the door has not answered, and a stream that is open: each once, as cancelled."""
    door.log.hold()
    arrived, append = asyncio.Semaphore(0), door.log.append

    async def told(records: Sequence[tuple[int, bytes]]) -> list[int]:
        arrived.release()
        return await append(records)

    door.log.append = told  # type: ignore[method-assign]
    gateway = Gateway(door.address)
    async with gateway as stub, asyncio.timeout(10):
        publishing = stub.PublishEvents(pb.PublishEventsRequest(events=events("a")))
        streaming = stub.StreamEvents()
        await streaming.write(pb.StreamEventsRequest(events=events("b")))
        await arrived.acquire()
        await arrived.acquire()
        assert (publishing.cancel(), streaming.cancel()) == (True, True)
        for meter in gateway.meters.values():
            await meter.told.wait()
    assert [meter.codes for meter in gateway.meters.values()] == [["CANCELLED"], ["CANCELLED"]]


def _reason(error: grpc.aio.AioRpcError) -> str:
    [details] = [value for key, value in error.trailing_metadata() or () if key == "grpc-status-details-bin"]
    found = error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(found) for detail in status_pb2.Status.FromString(details).details)
    return found.reason
