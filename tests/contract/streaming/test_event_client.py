"""The typed client's side of publishing, against the real door."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from fake_log import FakeLog
from served_door import NOW_US, event_of, served_door, until

from strata.client import CallFailed, Client, Event, Publisher, Refusal, connect
from strata.client.events import to_message
from strata.errors import InputInvalid, LogUnavailable
from strata.features.packed import PackedEvent, RecordKind
from strata.v1 import event_pb2 as pb

NOW = datetime(2017, 12, 1, 5, tzinfo=UTC)
EASTERN = timezone(timedelta(hours=-5))


async def asked(address: str, ask: Callable[[Client], Any]) -> Any:
    """What a client in a thread of its own brings back."""

    def run() -> Any:
        with connect(address, publish_s=2.0) as client:
            return ask(client)

    return await asyncio.to_thread(run)


async def test_events_are_plain_python() -> None:
    """Decimals, datetimes with an offset, words for types: exact cents and microseconds in the log."""
    when = datetime(2017, 11, 30, 23, 59, 59, 123_456, EASTERN)
    events = [
        Event(
            "7", "purchase", "p1", when, item_id="milk", value=Decimal("12.50"), currency="USD", quantity=2, discount=1
        ),
        Event("7", "custom:like", "l1", attributes={"rank": 1}),
        Event("7", "profile_update", "f1", facts={"age_band": "25-34"}, consents={"ads": True}),
        Event("anon", "alias", "a1", known_user_id="7"),
    ]  # fmt: skip
    async with served_door() as door:
        published = await asked(door.address, lambda client: client.publish(events))
        assert published.outcomes == ("accepted",) * 4
        assert published.recorded_at == NOW
        logged = {record.event_id: record for record in door.logged()}
        assert logged["p1"] == PackedEvent(
            "7", "p1", "purchase", NOW_US - 876_544, NOW_US, -18_000, None, "milk", None, 1_250, 2, 100,
            tail=b'{"currency":"USD"}',
        )  # fmt: skip
        assert logged["l1"].event_type == "custom:like"
        assert (logged["f1"].kind, logged["a1"].kind) == (RecordKind.PROFILE, RecordKind.ALIAS)


async def test_outcomes_have_reasons() -> None:
    """By position, in words; a time a little ahead is said to have been set back."""
    events = [
        Event("7", "view", "a", NOW + timedelta(seconds=1)),
        Event("", "view", "b"),
        Event("7", "view", "c", NOW - timedelta(days=8)),
        Event("7", "view", "a"),
    ]
    async with served_door() as door:
        published = await asked(door.address, lambda client: client.publish(events))
        assert published.outcomes == ("accepted", "invalid", "late", "duplicate")
        assert published.refusals[1] == (Refusal("user_id", "required", "is required: 1 to 256 bytes"),)
        assert published.refusals[2][0].reason == "late"
        assert published.clamped == (0,)
        assert published.counts == {"accepted": 1, "invalid": 1, "late": 1, "duplicate": 1}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (Event("7", "purchse"), "'purchse' is no event type"),
        (Event("7", "view", event_time=datetime(2017, 1, 1)), "without an offset"),
        (Event("7", "purchase", value=1.1), "no exact amount"),  # type: ignore[arg-type]
    ],
)
def test_what_no_message_can_hold_is_refused_before_it_is_sent(event: Event, said: str) -> None:
    """An unknown type, a time nobody can place, money that is not exact."""
    with pytest.raises(InputInvalid, match=said):
        to_message(event)


async def test_a_passing_fault_of_the_log_is_not_noticed() -> None:
    """gRPC's own retries bridge a log that is away for a moment."""
    async with served_door() as door:
        door.log.fault = LogUnavailable("away")
        publishing = asyncio.ensure_future(asked(door.address, lambda client: client.publish([Event("7", "view")])))
        await until(lambda: door.count("strata_door_calls_total", method="PublishEvents", code="UNAVAILABLE") == 1)
        door.log.fault = None
        assert (await publishing).outcomes == ("accepted",)


async def test_a_full_log_says_how_long_to_wait() -> None:
    """When retries do not help either, the failure carries the log's delay."""
    async with served_door(FakeLog(queue_records=1)) as door:
        door.log.hold()
        first = asyncio.ensure_future(door.stub.PublishEvents(pb.PublishEventsRequest(events=[event_of()])))
        await until(lambda: door.log.queued == 1)
        with pytest.raises(CallFailed) as full:
            await asked(door.address, lambda client: client.publish([Event("8", "view")]))
        assert (full.value.code, full.value.retry_after_s) == ("RESOURCE_EXHAUSTED", 0.05)
        door.log.let_go()
        await first


async def test_a_publisher_sends_everything_in_order() -> None:
    """2,500 events, acknowledged once the block is left; those refused are told one by one."""
    refused: list[tuple[str, str, str]] = []

    def note(event: pb.Event, outcome: str, why: tuple[Refusal, ...]) -> None:
        refused.append((event.event_id, outcome, why[0].reason))

    def ask(client: Client) -> Publisher:
        with client.publisher(
            lambda event, outcome, why: refused.append((event.event_id, outcome, why[0].reason))
        ) as one:
            for number in range(2_500):
                one.publish(event_of(f"e{number:04}"))
            one.publish(Event("\0", "view", "bad"))
        return one

    async with served_door() as door:
        publisher = await asked(door.address, ask)
        assert publisher.counts == {"accepted": 2_500, "invalid": 1}
        assert [record.event_id for record in door.logged()] == [f"e{number:04}" for number in range(2_500)]
        assert refused == [("bad", "invalid", "control_character")]
        assert publisher.waiting == []


async def test_a_publisher_sends_again_what_was_not_acknowledged() -> None:
    """Streams that end because the log is away are begun again; nothing is missing, nothing is counted twice."""

    def ask(client: Client) -> Publisher:
        with client.publisher() as one:
            for number in range(3_000):
                one.publish(event_of(f"e{number}"))
        return one

    async with served_door() as door:
        publishing = asyncio.ensure_future(asked(door.address, ask))
        for _ in range(3):
            before = len(door.logged())
            await until(lambda before=before: len(door.logged()) > before or publishing.done())
            door.log.fault = LogUnavailable("away")
            await asyncio.sleep(0.05)
            door.log.fault = None
        publisher = await publishing
        assert publisher.counts.total() == 3_000
        assert {record.event_id for record in door.logged()} == {f"e{number}" for number in range(3_000)}


async def test_large_events_share_smaller_batches() -> None:
    """500 events of 15 KB would be past what a request may hold."""

    def ask(client: Client) -> Publisher:
        with client.publisher() as one:
            for number in range(600):
                one.publish(Event("7", "view", f"e{number}", attributes={"text": "x" * 15_000}))
        return one

    async with served_door() as door:
        assert (await asked(door.address, ask)).counts == {"accepted": 600}


async def test_a_publisher_that_is_not_answered_gives_up() -> None:
    """After its patience it fails in a sentence, and what is not acknowledged can be had."""

    def ask(client: Client) -> tuple[str, list[pb.Event]]:
        publisher = client.publisher(patience_s=0.2)
        try:
            publisher.publish(event_of("e1"))
            with pytest.raises(CallFailed) as failed:
                publisher.flush()
            return str(failed.value), publisher.waiting
        finally:
            publisher.close()

    async with served_door() as door:
        door.log.hold()
        said, waiting = await asked(door.address, ask)
        assert said.endswith("acknowledged nothing for 0.2 s")
        assert [event.event_id for event in waiting] == ["e1"]
    said, waiting = await asked("127.0.0.1:1", ask)
    assert "acknowledged nothing" in said or "no gateway answers" in said
