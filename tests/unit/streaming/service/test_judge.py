"""The verdict on one event: what passes, and the fault that is named for everything else."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from served_door import NOW_US, SECOND_US, event_of

from strata.features.packed import PackedEvent, RecordKind, unpack_event
from strata.v1 import event_pb2 as pb
from streaming.service.judge import TYPE_NAMES, Accepted, Refusal, judge_event

DAY_US = 86_400 * SECOND_US
CUSTOM, PROFILE, ALIAS = pb.EVENT_TYPE_CUSTOM, pb.EVENT_TYPE_PROFILE_UPDATE, pb.EVENT_TYPE_ALIAS


def accepted(house: str = "", **fields: Any) -> PackedEvent:
    verdict = judge_event(event_of(**fields), NOW_US, house)
    assert isinstance(verdict, Accepted), verdict
    record = unpack_event(verdict.record)
    assert (record.user_id, record.event_id, record.event_time_us) == verdict[:3]
    return record


def faults(house: str = "", **fields: Any) -> list[tuple[str, str]]:
    """(field, reason) of every violation."""
    verdict = judge_event(event_of(**fields), NOW_US, house)
    assert isinstance(verdict, Refusal), verdict
    assert all(each.description and "\n" not in each.description for each in verdict.violations)
    return [
        (each.field, pb.ViolationReason.Name(each.reason).removeprefix("VIOLATION_REASON_"))
        for each in verdict.violations
    ]


def timed(us: int, extra_nanos: int = 0) -> pb.Event:
    event = event_of()
    event.event_time.seconds, rest = divmod(us, SECOND_US)
    event.event_time.nanos = rest * 1_000 + extra_nanos
    return event


def test_a_purchase_with_every_field_is_one_record() -> None:
    """Money in cents, everything else as sent, the rest in the tail as JSON."""
    event = event_of(
        type=pb.EVENT_TYPE_PURCHASE, utc_offset_s=-18_000, session_id="basket", item_id="milk", category="Ä",
        value=pb.Money(currency_code="USD", units=12, nanos=340_000_000), quantity=0,
        discount=pb.Money(decimal="0.5"), decision_id="d1",
    )  # fmt: skip
    event.event_time.FromMicroseconds(NOW_US - 1)
    event.attributes.update({"rank": 3, "new": True, "note": "a\nb", "none": None, "list": [1.5, "x"]})
    verdict = judge_event(event, NOW_US, "USD")
    assert isinstance(verdict, Accepted)
    record = unpack_event(verdict.record)
    tail = json.loads(record.tail)
    assert tail == {
        "currency": "USD", "decision_id": "d1",
        "attributes": {"rank": 3, "new": True, "note": "a\nb", "none": None, "list": [1.5, "x"]},
    }  # fmt: skip
    assert record == PackedEvent(
        "7", "e1", "purchase", NOW_US - 1, NOW_US, -18_000, "basket", "milk", "Ä", 1_234, 0, 50, tail=record.tail
    )


def test_what_is_left_out_is_absent() -> None:
    """Absent is not zero and not empty; without a time the event happened as it was recorded."""
    assert accepted() == PackedEvent("7", "e1", "view", NOW_US, NOW_US)
    assert accepted(value=pb.Money(), quantity=0) == PackedEvent("7", "e1", "view", NOW_US, NOW_US, value=0, quantity=0)


def test_every_type_has_its_name() -> None:
    """The words of the history."""
    assert list(TYPE_NAMES.values()) == [
        "view", "search", "cart", "purchase", "return", "impression", "click", "coupon_redemption", "custom",
        "profile_update", "alias",
    ]  # fmt: skip


def test_a_custom_event_has_its_own_type() -> None:
    """With a name, or plain."""
    assert accepted(type=CUSTOM, custom_name="like").event_type == "custom:like"
    assert accepted(type=CUSTOM).event_type == "custom"
    assert faults(type=CUSTOM, custom_name="Like it") == [("custom_name", "MALFORMED")]
    assert faults(custom_name="like") == [("custom_name", "CONFLICT")]


def test_facts_and_consents_are_a_profile_record() -> None:
    """A JSON object, sorted; an empty value is no value."""
    update = pb.ProfileUpdate(facts={"b": "2", "a": "1", "c": ""}, consents={"ads": True})
    verdict = accepted(type=PROFILE, profile_update=update, session_id="s")
    assert (verdict.kind, verdict.event_type, verdict.session_id) == (RecordKind.PROFILE, "profile_update", "s")
    assert verdict.tail == b'{"a":"1","b":"2","consent_ads":true}'


def test_an_alias_names_the_known_user() -> None:
    """Its record is under the anonymous id."""
    verdict = accepted(user_id="anon", type=ALIAS, alias=pb.Alias(known_user_id="Zoë"))
    assert (verdict.kind, verdict.user_id, verdict.tail.decode()) == (RecordKind.ALIAS, "anon", "Zoë")


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"user_id": ""}, [("user_id", "REQUIRED")]),
        ({"event_id": ""}, [("event_id", "REQUIRED")]),
        ({"user_id": "u" * 257}, [("user_id", "TOO_LONG")]),
        ({"user_id": "ü" * 129}, [("user_id", "TOO_LONG")]),
        ({"event_id": "e" * 513}, [("event_id", "TOO_LONG")]),
        ({"session_id": "s" * 257}, [("session_id", "TOO_LONG")]),
        ({"decision_id": "x" * 1_000_000}, [("decision_id", "TOO_LONG")]),
        ({"user_id": "a\0b"}, [("user_id", "CONTROL_CHARACTER")]),
        ({"item_id": "a\nb"}, [("item_id", "CONTROL_CHARACTER")]),
        ({"category": "a\x85"}, [("category", "CONTROL_CHARACTER")]),
        ({"category": "\x7f" * 257}, [("category", "TOO_LONG"), ("category", "CONTROL_CHARACTER")]),
        ({"type": 0}, [("type", "UNKNOWN_TYPE")]),
        ({"type": 12}, [("type", "UNKNOWN_TYPE")]),
        ({"type": -1}, [("type", "UNKNOWN_TYPE")]),
        ({"utc_offset_s": 64_801}, [("utc_offset_s", "OUT_OF_RANGE")]),
        ({"quantity": 10**12 + 1}, [("quantity", "OUT_OF_RANGE")]),
        ({"quantity": -(1 << 63)}, [("quantity", "OUT_OF_RANGE")]),
        ({"discount": pb.Money(units=-1)}, [("discount", "OUT_OF_RANGE")]),
        ({"value": pb.Money(currency_code="usd")}, [("value.currency_code", "MALFORMED")]),
        ({"value": pb.Money(currency_code="EUR"), "discount": pb.Money(currency_code="USD")},
         [("discount.currency_code", "CONFLICT")]),
        ({"type": PROFILE}, [("profile_update", "REQUIRED")]),
        ({"type": PROFILE, "profile_update": pb.ProfileUpdate()}, [("profile_update", "REQUIRED")]),
        ({"type": PROFILE, "alias": pb.Alias(known_user_id="x")}, [("alias", "CONFLICT")]),
        ({"type": PROFILE, "profile_update": pb.ProfileUpdate(facts={"a": "b"}), "item_id": "x", "value": pb.Money()},
         [("item_id", "CONFLICT"), ("value", "CONFLICT")]),
        ({"type": PROFILE, "profile_update": pb.ProfileUpdate(facts={"A b": "1", "user_id": "2", "consent_x": "3"})},
         [("profile_update.facts.A b", "MALFORMED"), ("profile_update.facts.consent_x", "CONFLICT"),
          ("profile_update.facts.user_id", "CONFLICT")]),
        ({"type": PROFILE, "profile_update": pb.ProfileUpdate(facts={"a": "x" * 1_025}, consents={"p" * 57: True})},
         [("profile_update.facts.a", "TOO_LONG"), (f"profile_update.consents.{'p' * 57}", "TOO_LONG")]),
        ({"type": PROFILE, "profile_update": pb.ProfileUpdate(facts={f"f{n}": "" for n in range(65)})},
         [("profile_update", "TOO_LARGE")]),
        ({"type": ALIAS}, [("alias", "REQUIRED")]),
        ({"type": ALIAS, "alias": pb.Alias()}, [("alias.known_user_id", "REQUIRED")]),
        ({"type": ALIAS, "alias": pb.Alias(known_user_id="7")}, [("alias.known_user_id", "CONFLICT")]),
        ({"alias": pb.Alias(known_user_id="8")}, [("alias", "CONFLICT")]),
        ({"user_id": "", "event_id": "", "type": 0},
         [("user_id", "REQUIRED"), ("event_id", "REQUIRED"), ("type", "UNKNOWN_TYPE")]),
    ],
)  # fmt: skip
def test_every_fault_is_named(fields: dict[str, Any], found: list[tuple[str, str]]) -> None:
    """Field and reason of each fault, all of them."""
    assert faults(**fields) == found


def test_texts_at_their_limits_pass() -> None:
    """256 bytes of a user, 512 of an id, letters of any script, format characters too."""
    assert accepted(user_id="ü" * 128, event_id="e" * 512, category="\u200dनमस्ते\xa0").category == "\u200dनमस्ते\xa0"


def test_a_platform_with_a_currency_refuses_others() -> None:
    """Amounts are never converted."""
    assert accepted("USD", value=pb.Money(currency_code="USD", units=1)).value == 100
    assert accepted("USD", value=pb.Money(units=1)).value == 100
    assert faults("USD", value=pb.Money(currency_code="EUR")) == [("value.currency_code", "OTHER_CURRENCY")]
    assert faults("USD", discount=pb.Money(currency_code="EUR")) == [("discount.currency_code", "OTHER_CURRENCY")]


@pytest.mark.parametrize(
    ("age_us", "found"),
    [
        (0, NOW_US), (1, NOW_US - 1), (7 * DAY_US, NOW_US - 7 * DAY_US), (7 * DAY_US + 1, "LATE"),
        (-1, NOW_US), (-2 * SECOND_US, NOW_US), (-2 * SECOND_US - 1, "FUTURE"),
        (NOW_US, "LATE"), (NOW_US + 70 * 365 * DAY_US + 18 * DAY_US, "OUT_OF_RANGE"),
        (-300 * 365 * DAY_US, "OUT_OF_RANGE"),
    ],
)  # fmt: skip
def test_when_it_happened_is_judged_to_the_microsecond(age_us: int, found: int | str) -> None:
    """7 days back count, and not a microsecond more; 2 s ahead are set back to now, and not a microsecond more."""
    event = timed(NOW_US - age_us)
    verdict = judge_event(event, NOW_US)
    if isinstance(verdict, Accepted):
        assert verdict.event_time_us == found
    else:
        (violation,) = verdict.violations
        assert (violation.field, pb.ViolationReason.Name(violation.reason)) == (
            "event_time",
            f"VIOLATION_REASON_{found}",
        )
        assert verdict.is_late == (found == "LATE")


def test_finer_than_microseconds_is_cut() -> None:
    """A microsecond begun counts as the one before it."""
    verdict = judge_event(timed(NOW_US - 5, extra_nanos=999), NOW_US)
    assert isinstance(verdict, Accepted)
    assert verdict.event_time_us == NOW_US - 5


@pytest.mark.parametrize("nanos", [-1, 1_000_000_000, -(1 << 31), (1 << 31) - 1])
@pytest.mark.parametrize("seconds", [0, NOW_US // SECOND_US, -(1 << 63), (1 << 63) - 1])
def test_stamps_that_are_none_are_refused(seconds: int, nanos: int) -> None:
    """Nanoseconds outside a second, seconds past any calendar."""
    event = event_of()
    event.event_time.seconds, event.event_time.nanos = seconds, nanos
    verdict = judge_event(event, NOW_US)
    assert isinstance(verdict, Refusal)
    assert [each.reason for each in verdict.violations] == [pb.VIOLATION_REASON_OUT_OF_RANGE]


def test_a_late_event_with_another_fault_is_invalid() -> None:
    """Only an event that is nothing but late is told so."""
    event = timed(NOW_US - 8 * DAY_US)
    event.user_id = ""
    verdict = judge_event(event, NOW_US)
    assert isinstance(verdict, Refusal)
    assert (len(verdict.violations), verdict.is_late) == (2, False)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_attributes_hold_finite_numbers(number: float) -> None:
    """However deep."""
    event = event_of()
    event.attributes.update({"a": {"b": [0, number]}})
    verdict = judge_event(event, NOW_US)
    assert isinstance(verdict, Refusal)
    assert [(each.field, each.reason) for each in verdict.violations] == [
        ("attributes.a", pb.VIOLATION_REASON_NOT_FINITE)
    ]


def test_attributes_are_bounded_in_bytes() -> None:
    """16 KiB in their own encoding pass, one byte more does not; a value that is none is refused."""
    event = event_of()
    event.attributes.update({"a": ""})
    room = 16_384 - event.attributes.ByteSize()
    event.attributes.update({"a": "x" * (room - 3)})  # three lengths grow by a byte each
    assert event.attributes.ByteSize() == 16_384
    assert isinstance(judge_event(event, NOW_US), Accepted)
    event.attributes.update({"a": "x" * (room - 2)})
    verdict = judge_event(event, NOW_US)
    assert isinstance(verdict, Refusal)
    assert verdict.violations[0].reason == pb.VIOLATION_REASON_TOO_LARGE
    hollow = event_of()
    hollow.attributes.fields["a"].SetInParent()
    verdict = judge_event(hollow, NOW_US)
    assert isinstance(verdict, Refusal)
    assert verdict.violations[0].reason == pb.VIOLATION_REASON_REQUIRED
