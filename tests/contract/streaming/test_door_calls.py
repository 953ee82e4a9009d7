"""EventService over a real server: what callers are told, and when."""

from __future__ import annotations

import asyncio

import grpc
import pytest
from fake_log import FakeLog
from google.protobuf.timestamp_pb2 import Timestamp
from grpc_health.v1 import health_pb2, health_pb2_grpc
from reflecting_client import ReflectingClient
from served_door import NOW_US, SECOND_US, event_of, reason_of, request_of, served_door, until

from strata.errors import LogUnavailable
from strata.features.packed import PackedEvent, RecordKind
from strata.v1 import event_pb2 as pb

ACCEPTED, DUPLICATE = pb.EVENT_OUTCOME_ACCEPTED, pb.EVENT_OUTCOME_DUPLICATE
LATE, INVALID = pb.EVENT_OUTCOME_LATE, pb.EVENT_OUTCOME_INVALID


def at(us: int) -> Timestamp:
    stamp = Timestamp()
    stamp.FromMicroseconds(us)
    return stamp


async def test_each_event_has_its_own_outcome() -> None:
    """A bad event fails nobody else: outcomes are in the order sent, with reasons for those refused, and counts."""
    async with served_door() as door:
        reply = await door.stub.PublishEvents(
            request_of(
                event_of("a", item_id="milk"),
                event_of("a", item_id="milk"),
                event_of("b", event_time=at(NOW_US - 8 * 86_400 * SECOND_US)),
                event_of("c", type=99),
                event_of("d", event_time=at(NOW_US + SECOND_US)),
            )
        )
        assert list(reply.outcomes) == [ACCEPTED, DUPLICATE, LATE, INVALID, ACCEPTED]
        assert [(each.event_index, each.event_id, each.violations[0].field) for each in reply.refusals] == [
            (2, "b", "event_time"), (3, "c", "type"),
        ]  # fmt: skip
        assert reply.counts == pb.EventCounts(accepted=2, duplicate=1, late=1, invalid=1)
        assert list(reply.clamped_indexes) == [4]
        assert reply.recorded_at.ToMicroseconds() == NOW_US
        logged = sorted(door.logged(), key=lambda each: each.event_id)
        assert logged == [
            PackedEvent("7", "a", "view", NOW_US, NOW_US, item_id="milk"),
            PackedEvent("7", "d", "view", NOW_US, NOW_US),
        ]
        assert door.count("strata_door_events_total", outcome="accepted") == 2
        assert door.count("strata_door_refused_total", reason="late") == 1
        assert door.count("strata_door_refused_total", reason="unknown_type") == 1
        assert door.count("strata_door_clamped_total") == 1
        assert door.count("strata_door_calls_total", method="PublishEvents", code="OK") == 1


async def test_facts_and_aliases_are_records_of_their_own_kind() -> None:
    """A profile update is logged as PROFILE, an alias as ALIAS."""
    async with served_door() as door:
        facts = pb.ProfileUpdate(facts={"age_band": "25-34"}, consents={"ads": False})
        reply = await door.stub.PublishEvents(
            request_of(
                event_of("p", type=pb.EVENT_TYPE_PROFILE_UPDATE, profile_update=facts),
                event_of("q", "anon", type=pb.EVENT_TYPE_ALIAS, alias=pb.Alias(known_user_id="7")),
            )
        )
        assert list(reply.outcomes) == [ACCEPTED, ACCEPTED]
        assert {(each.user_id, each.kind, each.tail) for each in door.logged()} == {
            ("7", RecordKind.PROFILE, b'{"age_band":"25-34","consent_ads":false}'), ("anon", RecordKind.ALIAS, b"7"),
        }  # fmt: skip


async def test_nothing_is_acknowledged_before_it_is_durable() -> None:
    """While the log holds back, the call is open; it answers once the log has let go."""
    async with served_door() as door:
        door.log.hold()
        call = asyncio.ensure_future(door.stub.PublishEvents(request_of(event_of())))
        await until(lambda: door.log.queued == 1)
        assert not call.done()
        door.log.let_go()
        assert (await call).counts.accepted == 1


async def test_an_event_may_be_durable_though_its_caller_left() -> None:
    """A cancelled call's events go on into the log, and the repeat is told that they are known."""
    async with served_door() as door:
        door.log.hold()
        call = door.stub.PublishEvents(request_of(event_of()))
        waiting = asyncio.ensure_future(call.code())
        await until(lambda: door.log.queued == 1)
        call.cancel()
        assert await waiting is grpc.StatusCode.CANCELLED
        door.log.let_go()
        await until(lambda: bool(door.logged()))
        reply = await door.stub.PublishEvents(request_of(event_of()))
        assert list(reply.outcomes) == [DUPLICATE]
        assert len(door.logged()) == 1


async def test_what_the_log_did_not_take_is_not_known() -> None:
    """After a failed append the same ids are accepted: a duplicate would be an acknowledgement."""
    async with served_door() as door:
        door.log.fault = LogUnavailable("the log cannot be written: the disk is full")
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await door.stub.PublishEvents(request_of(event_of()))
        assert reason_of(failed.value) == ("UNAVAILABLE", "LOG_UNAVAILABLE", None)
        assert failed.value.details() == "the log cannot be written: the disk is full"
        door.log.fault = None
        reply = await door.stub.PublishEvents(request_of(event_of()))
        assert list(reply.outcomes) == [ACCEPTED]


async def test_a_full_log_says_when_to_come_again() -> None:
    """RESOURCE_EXHAUSTED with the log's own delay, also for gRPC's retrying clients."""
    async with served_door(FakeLog(queue_records=1)) as door:
        door.log.hold()
        first = asyncio.ensure_future(door.stub.PublishEvents(request_of(event_of("a"))))
        await until(lambda: door.log.queued == 1)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await door.stub.PublishEvents(request_of(event_of("b")))
        assert reason_of(refused.value) == ("RESOURCE_EXHAUSTED", "LOG_FULL", 0.05)
        assert dict(refused.value.trailing_metadata() or ())["grpc-retry-pushback-ms"] == "50"
        door.log.let_go()
        await first


async def test_a_call_without_a_deadline_is_given_one() -> None:
    """DEADLINE_EXCEEDED from the server, with a reason, when the log takes longer than the default."""
    async with served_door(default_deadline_ms=50) as door:
        door.log.hold()
        with pytest.raises(grpc.aio.AioRpcError) as late:
            await door.stub.PublishEvents(request_of(event_of()))
        assert reason_of(late.value) == ("DEADLINE_EXCEEDED", "DEADLINE_EXPIRED", None)


async def test_an_empty_batch_tells_the_time() -> None:
    """Nothing published, the platform's clock answered."""
    async with served_door() as door:
        reply = await door.stub.PublishEvents(request_of())
        assert reply.recorded_at.ToMicroseconds() == NOW_US
        assert not reply.outcomes


async def test_the_recorded_moment_never_goes_back() -> None:
    """A clock that was set back does not make a later event recorded earlier."""
    async with served_door() as door:
        await door.stub.PublishEvents(request_of(event_of("a")))
        door.clock.at_us -= 60 * SECOND_US
        await door.stub.PublishEvents(request_of(event_of("b")))
        assert [each.recorded_us for each in door.logged()] == [NOW_US, NOW_US]


async def test_the_request_id_comes_back() -> None:
    """As sent; on success and on failure."""
    async with served_door() as door:
        call = door.stub.PublishEvents(request_of(event_of()), metadata=(("x-request-id", "mine-1"),))
        await call
        assert dict(await call.trailing_metadata())["x-request-id"] == "mine-1"
        publish = door.channel.unary_unary("/strata.v1.EventService/PublishEvents")
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await publish(b"\xff\xff", metadata=(("x-request-id", "mine-2"),))
        assert dict(refused.value.trailing_metadata() or ())["x-request-id"] == "mine-2"


async def test_too_many_events_are_a_callers_mistake() -> None:
    """1,000 pass, 1,001 are INVALID_ARGUMENT and none of them is taken."""
    events = [event_of(f"e{number}") for number in range(1_001)]
    async with served_door() as door:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await door.stub.PublishEvents(request_of(*events))
        assert reason_of(refused.value)[:2] == ("INVALID_ARGUMENT", "INVALID_REQUEST")
        assert not door.logged()
        assert (await door.stub.PublishEvents(request_of(*events[:1_000]))).counts.accepted == 1_000


async def test_health_and_reflection() -> None:
    """The door is SERVING by name, and a client without protos can publish."""
    async with served_door() as door:
        health = health_pb2_grpc.HealthStub(door.channel)
        answer = await health.Check(health_pb2.HealthCheckRequest(service="strata.v1.EventService"))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING

        def ask() -> list[str]:
            client = ReflectingClient(door.address)
            try:
                return client.services()
            finally:
                client.close()

        assert await asyncio.to_thread(ask) == [
            "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection", "strata.v1.EventService",
        ]  # fmt: skip


async def test_a_draining_door_acknowledges_what_has_begun() -> None:
    """What was taken is answered; then the door is gone."""
    async with served_door() as door:
        door.log.hold()
        call = asyncio.ensure_future(door.stub.PublishEvents(request_of(event_of())))
        await until(lambda: door.log.queued == 1)
        drained = asyncio.ensure_future(door.server.drain())
        await asyncio.sleep(0)
        door.log.let_go()
        assert (await call).counts.accepted == 1
        await drained
        with pytest.raises(grpc.aio.AioRpcError) as gone:
            await door.stub.PublishEvents(request_of(event_of("b")))
        assert gone.value.code() is grpc.StatusCode.UNAVAILABLE
