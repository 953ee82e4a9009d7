"""Whatever arrives: a verdict or a status with a reason. Never INTERNAL, never a lost batch, never a damaged record."""

from __future__ import annotations

import asyncio
import math
import random
import re
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor as Field
from google.protobuf.struct_pb2 import Value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served_door import NOW_US, ServedDoor, event_of, reason_of, request_of, served_door

from strata.features.packed import unpack_event
from strata.v1 import event_pb2 as pb
from streaming.service.judge import Refusal, judge_event

PATHS = ("PublishEvents", "StreamEvents")
BUDGET = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NUMBERS = st.sampled_from([0, 1, -1, 99, 10**9, -(10**9), (1 << 31) - 1, -(1 << 31)]) | st.integers(
    -(1 << 31), (1 << 31) - 1
)
WIDE = (
    NUMBERS
    | st.sampled_from([(1 << 63) - 1, -(1 << 63), NOW_US, NOW_US // 1_000_000, 10**12 + 1])
    | st.integers(-(1 << 63), (1 << 63) - 1)
)
TEXTS = (
    st.sampled_from(
        ["", "7", "e1", "NaN", "inf", "1e309", "12.5", "-0", "USD", "usd", "a" * 257, "é" * 600, "\0", "\u202e",
         "\ufeff", "\ud7ff\U0010ffff", "x" * 100_000, "{", "consent_x", "a\nb"]
    )
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
)  # fmt: skip
FLOATS = st.floats(allow_nan=True, allow_infinity=True)


def messages(descriptor: Any, depth: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    """Any content of a message: each field present or not, recursion bounded."""
    fields = {
        field.name: content
        for field in descriptor.fields
        if (content := content_of(field, depth)) is not None and not field.containing_oneof
    }
    plain = st.fixed_dictionaries({}, optional=fields)
    for oneof in descriptor.oneofs:
        choices = [
            st.fixed_dictionaries({}, optional={field.name: content})
            for field in oneof.fields
            if (content := content_of(field, depth)) is not None
        ]
        if choices:
            plain = st.tuples(plain, st.one_of(choices)).map(lambda pair: {**pair[0], **pair[1]})
    return plain


def content_of(field: Any, depth: int) -> st.SearchStrategy[Any] | None:
    """Any content of one field; None where the recursion ends."""
    message = field.message_type
    if message is not None:
        if depth == 0:
            return None
        if message.GetOptions().map_entry:
            value = content_of(message.fields_by_name["value"], depth - 1)
            return None if value is None else st.dictionaries(TEXTS, value, max_size=3)
        inner = messages(message, depth - 1)
        return st.lists(inner, max_size=3) if field.is_repeated else inner
    return {
        Field.TYPE_STRING: TEXTS, Field.TYPE_ENUM: NUMBERS | st.integers(0, 12), Field.TYPE_INT32: NUMBERS,
        Field.TYPE_INT64: WIDE, Field.TYPE_DOUBLE: FLOATS, Field.TYPE_BOOL: st.booleans(),
    }[field.type]  # fmt: skip


def fill(message: Any, content: dict[str, Any]) -> Any:
    """Write content into a message, map entries of messages among it."""
    for name, value in content.items():
        if isinstance(value, list):
            for each in value:
                fill(getattr(message, name).add(), each)
        elif isinstance(value, dict):
            field = message.DESCRIPTOR.fields_by_name[name]
            target = getattr(message, name)
            if not field.message_type.GetOptions().map_entry:
                target.SetInParent()
                fill(target, value)
            elif field.message_type.fields_by_name["value"].message_type is None:
                target.update(value)
            else:
                for key, each in value.items():
                    fill(target[key], each)
        else:
            setattr(message, name, value)
    return message


ANY_EVENT = messages(pb.Event.DESCRIPTOR)
LIKELY = st.fixed_dictionaries(
    {"event_id": st.just("e1"), "user_id": st.just("7"), "type": st.integers(1, 11)}, optional={}
)  # fmt: skip


@BUDGET
@given(ANY_EVENT, LIKELY, st.booleans())
def test_any_event_has_a_verdict(content: dict[str, Any], likely: dict[str, Any], help_it: bool) -> None:
    """Accepted events make sound records; refused ones have faults that name a field of the contract."""
    event = fill(pb.Event(), {**content, **likely} if help_it else content)
    verdict = judge_event(pb.Event.FromString(event.SerializeToString()), NOW_US, "USD")
    if isinstance(verdict, Refusal):
        assert verdict.violations
        for violation in verdict.violations:
            assert re.split(r"\W", violation.field)[0] in pb.Event.DESCRIPTOR.fields_by_name
            assert violation.reason in pb.ViolationReason.values()
            assert 0 < len(violation.description) < 200
    else:
        record = unpack_event(verdict.record)
        assert (record.user_id, record.event_id, record.event_time_us) == verdict[:3]
        assert record.event_time_us <= record.recorded_us == NOW_US


async def call_raw(door: ServedDoor, path: str, raw: bytes) -> tuple[str, str]:
    """Code and reason of what the server says to bytes."""
    try:
        if path == "PublishEvents":
            await door.channel.unary_unary(f"/strata.v1.EventService/{path}")(raw)
        else:
            call = door.channel.stream_stream(f"/strata.v1.EventService/{path}")()
            await call.write(raw)
            await call.done_writing()
            await call.read()
    except grpc.aio.AioRpcError as error:
        return reason_of(error)[:2]
    return "OK", ""


def against_a_door(ask: Any) -> None:
    async def run() -> None:
        async with served_door() as door:
            await ask(door)
            assert (await door.stub.PublishEvents(request_of(event_of("still-alive")))).counts.accepted == 1
            for code in ("INTERNAL", "UNKNOWN"):
                for path in PATHS:
                    assert door.count("strata_door_calls_total", method=path, code=code) == 0

    asyncio.run(run())


@pytest.mark.parametrize("path", PATHS)
def test_garbage_bytes_are_a_callers_mistake(path: str) -> None:
    """Random bytes, and sound requests with bits turned over: an answer, or INVALID_ARGUMENT with a reason."""
    dice = random.Random(7)
    sound = request_of(*(event_of(f"e{n}", item_id="milk", value=pb.Money(units=n)) for n in range(5)))
    raws = [dice.randbytes(dice.randrange(1, 200)) for _ in range(150)]
    for _ in range(150):
        raw = bytearray(sound.SerializeToString())
        for _ in range(dice.randrange(1, 4)):
            raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
        raws.append(bytes(raw))

    async def ask(door: ServedDoor) -> None:
        answers = await asyncio.gather(*(call_raw(door, path, raw) for raw in raws))
        assert set(answers) == {("OK", ""), ("INVALID_ARGUMENT", "INVALID_REQUEST")}
        for record in door.logged():
            assert record.recorded_us == NOW_US

    against_a_door(ask)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "text", [b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"a\xe2\x82"], ids=["no-utf8", "surrogate", "overlong", "cut"]
)
def test_text_that_is_not_utf8_is_a_callers_mistake(path: str, text: bytes) -> None:
    """Lone surrogates and broken sequences cannot be stored, and are said to be what is wrong."""
    event = b"\x0a" + bytes([len(text)]) + text
    tag = b"\x0a" if path == "PublishEvents" else b"\x12"

    async def ask(door: ServedDoor) -> None:
        assert await call_raw(door, path, tag + bytes([len(event)]) + event) == ("INVALID_ARGUMENT", "INVALID_REQUEST")

    against_a_door(ask)


@pytest.mark.parametrize("path", PATHS)
def test_strings_of_a_megabyte_are_refused_by_event(path: str) -> None:
    """Three of them in one event, and its neighbour lives."""
    events = [event_of("e" * (1 << 20), "u" * (1 << 20), item_id="\x01" * (1 << 20)), event_of("fine")]
    kind = pb.PublishEventsRequest if path == "PublishEvents" else pb.StreamEventsRequest

    async def ask(door: ServedDoor) -> None:
        assert await call_raw(door, path, kind(events=events).SerializeToString()) == ("OK", "")
        assert [record.event_id for record in door.logged()] == ["fine"]

    against_a_door(ask)


def test_requests_past_their_size_are_refused() -> None:
    """A little past 4 MiB with a sentence of ours, far past it by the transport; both say so before reading."""
    over = request_of(event_of("e" * (4 << 20)))
    far_over = request_of(event_of("e" * (16 << 20)))

    async def ask(door: ServedDoor) -> None:
        assert await call_raw(door, "PublishEvents", over.SerializeToString()) == (
            "INVALID_ARGUMENT", "INVALID_REQUEST",
        )  # fmt: skip
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await door.stub.PublishEvents(far_over)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

    against_a_door(ask)


def test_a_thousand_faults_make_a_bounded_reply() -> None:
    """Every event of a full batch has a thousand faults: the reply names eight of each and stays below 4 MB."""
    events = [event_of("é" * 600) for _ in range(300)]
    for event in events:
        event.attributes.fields["k" * 100].list_value.values.extend([Value(number_value=math.nan)] * 1_000)

    async def ask(door: ServedDoor) -> None:
        reply = await door.stub.PublishEvents(request_of(*events))
        assert [len(refusal.violations) for refusal in reply.refusals] == [8] * 300
        assert reply.ByteSize() / 300 < 4_000

    against_a_door(ask)


def test_nesting_ends_somewhere() -> None:
    """Lists in lists: as deep as protobuf reads they are kept, deeper is a callers' mistake."""

    def field(number: int, content: bytes) -> bytes:
        size, length = len(content), b""
        while size > 0x7F:
            length, size = length + bytes([size & 0x7F | 0x80]), size >> 7
        return bytes([number << 3 | 2]) + length + bytes([size]) + content

    def nested(depth: int) -> bytes:
        value = b"\x08\x00"  # null_value
        for _ in range(depth):
            value = field(6, field(1, value))  # list_value of one
        attributes = field(1, field(1, b"a") + field(2, value))
        event = event_of(f"deep{depth}").SerializeToString() + field(12, attributes)
        return field(1, event)

    async def ask(door: ServedDoor) -> None:
        assert await call_raw(door, "PublishEvents", nested(40)) == ("OK", "")
        assert await call_raw(door, "PublishEvents", nested(400)) == (
            "INVALID_ARGUMENT", "INVALID_REQUEST",
        )  # fmt: skip
        assert [record.event_id for record in door.logged()] == ["deep40"]

    against_a_door(ask)
