"""The real door on a real port of this process, over a log in lists and a clock that is set by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from fake_log import FakeLog
from google.rpc import error_details_pb2, status_pb2
from prometheus_client import CollectorRegistry

from strata.features.packed import PackedEvent, unpack_event
from strata.settings import StreamSettings
from strata.v1 import event_pb2 as pb
from strata.v1.event_pb2_grpc import EventServiceStub
from streaming.service.server import DoorServer

NOW_US = 1_512_104_400_000_000
"""2017-12-01T05:00:00Z."""
SECOND_US = 1_000_000
PATIENCE_S = 5.0


class HandClock:
    """Shows what it is set to."""

    def __init__(self, at_us: int = NOW_US) -> None:
        self.at_us = at_us

    def now_us(self) -> int:
        return self.at_us


@dataclass
class ServedDoor:
    """The door, and what stands around it."""

    address: str
    stub: Any
    channel: Any
    server: DoorServer
    log: FakeLog
    clock: HandClock
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def logged(self) -> list[PackedEvent]:
        """Every record that is durable."""
        return [unpack_event(record) for partition in self.log.kept for record in partition]

    def count(self, name: str, **labels: str) -> float:
        """A metric's value, 0 for one that never happened."""
        return self.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def served_door(log: FakeLog | None = None, **settings: Any) -> AsyncIterator[ServedDoor]:
    """Serve; `settings` are those of StreamSettings. Whatever the log holds back is let go at the end."""
    log, clock, registry = log or FakeLog(), HandClock(), CollectorRegistry()
    server = DoorServer(StreamSettings(**{"drain_s": 1.0, **settings}), clock, log.writer(), registry)
    address = f"127.0.0.1:{await server.start('127.0.0.1:0')}"
    async with grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        try:
            yield ServedDoor(address, EventServiceStub(channel), channel, server, log, clock, registry)  # type: ignore[no-untyped-call]
        finally:
            log.let_go()
            await server.drain()


def event_of(event_id: str = "e1", user_id: str = "7", **fields: Any) -> pb.Event:
    """A view of this very moment, but for the fields given."""
    return pb.Event(**{"event_id": event_id, "user_id": user_id, "type": pb.EVENT_TYPE_VIEW, **fields})


def request_of(*events: pb.Event) -> pb.PublishEventsRequest:
    """One batch."""
    return pb.PublishEventsRequest(events=events)


async def until(condition: Callable[[], bool]) -> None:
    """Let others run until something is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - a foreign condition has no event to wait for
            await asyncio.sleep(0.002)


def reason_of(error: grpc.RpcError) -> tuple[str, str, float | None]:
    """Status code, ErrorInfo's reason, and RetryInfo's delay in seconds of a failed call."""
    status = status_pb2.Status.FromString(dict(error.trailing_metadata() or ())["grpc-status-details-bin"])
    info, delay = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    retry_after_s = None
    for detail in status.details:
        detail.Unpack(info)
        if detail.Unpack(delay):
            retry_after_s = delay.retry_delay.ToMilliseconds() / 1_000
    assert info.domain == "strata"
    return error.code().name, info.reason, retry_after_s
