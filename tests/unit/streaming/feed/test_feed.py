"""Rows of files as live events: the same facts as an import keeps, each when its time has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from served_door import NOW_US, SECOND_US
from small_imports import SHOP, bring_in, rows, shop, write_rows

from strata.client import CallFailed, Published, Refusal
from strata.clock import parse_instant
from strata.features.packed import PackedEvent, unpack_event
from strata.v1 import event_pb2 as pb
from streaming.door.opening import open_door
from streaming.feed.door_clock import DoorClock
from streaming.feed.live import LiveFeed
from streaming.feed.messages import event_messages, fact_messages
from streaming.feed.patience import PatientDoor
from streaming.feed.progress import FeedProgress
from streaming.feed.year import END_US, Year, accepted_rows, read_year
from streaming.history import History, scan_events
from streaming.service.judge import Accepted, judge_event

FACTS = """
name: people
kind: facts
user: user
time: {column: at, zone: Europe/London}
fields: {age_band: {column: age}, city: {column: city}}
"""


class ToyDoor:
    """Takes everything. Its clock moves with every sleep; faults and early outcomes are scripted."""

    def __init__(self, at_us: int, speed: float = 1.0) -> None:
        self.at_us, self.speed = at_us, speed
        self.published: list[tuple[int, list[str]]] = []
        self.faults: list[Exception] = []
        self.slept: list[float] = []
        self.system_us = 0

    def publish(self, events: Sequence[pb.Event]) -> Published:
        if self.faults:
            raise self.faults.pop(0)
        early = [index for index, event in enumerate(events) if event.event_time.ToMicroseconds() > self.at_us]
        refusals = {index: (Refusal("event_time", "future", "is ahead"),) for index in early}
        if events:
            taken = [event.event_id for index, event in enumerate(events) if index not in refusals]
            self.published.append((self.at_us, taken))
        outcomes = tuple("invalid" if index in refusals else "accepted" for index in range(len(events)))
        return Published(outcomes, refusals, (), datetime.fromtimestamp(self.at_us // SECOND_US, UTC))

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.system_us += int(seconds * 1e6)
        self.at_us += int(seconds * 1e6 * self.speed)


def year_of(*after_s: float) -> Year:
    """Views so many seconds after NOW_US, named by them."""
    events = {f"{after:g}": NOW_US + int(after * SECOND_US) for after in after_s}
    table = pa.table({"event_id": list(events), "event_time": pa.array(list(events.values()))})

    def make(found: pa.Table) -> list[pb.Event]:
        made = []
        for row in found.to_pylist():
            event = pb.Event(event_id=row["event_id"])
            event.event_time.FromMicroseconds(row["event_time"])
            made.append(event)
        return made

    return Year([(table, make)])


def fed(door: ToyDoor, year: Year, stop: Any = lambda: False) -> tuple[LiveFeed, FeedProgress]:
    progress = FeedProgress(lambda _: None)
    clock = DoorClock(door.speed, system=lambda: door.system_us)
    client: Any = door
    feed = LiveFeed(PatientDoor(client, sleep=door.sleep), year, clock, progress)
    feed.run(stop)
    return feed, progress


def test_a_row_published_is_the_row_imported(tmp_path: Path) -> None:
    """Ids, instants, local offsets and cents are those of the history, whatever is missing or negative."""
    text = (
        SHOP.replace("allow: positive", "allow: any") + "discount: {columns: [off]}\nsession: visit\ncategory: kind\n"
    )
    found = rows(
        {"off": "0.25", "visit": "v", "kind": "food"}, {"price": "-0.01", "off": None, "visit": None, "kind": None},
        {"at": "2023-01-01T00:00:00", "units": "-3", "off": "0", "visit": "é|", "kind": "x"},
        {"price": "123456789.99", "off": None, "visit": None, "kind": None},
        {"price": "0", "off": None, "visit": "", "kind": ""},
    )  # fmt: skip
    path = write_rows(tmp_path / "rows.csv", found)
    bring_in(path, tmp_path / "home", text)
    (accepted,) = accepted_rows(open_door(path, shop(text), History(tmp_path / "none"), END_US))
    kept = {row["event_id"]: row for row in scan_events(tmp_path / "home" / "history").to_pylist()}
    messages = event_messages(accepted)
    assert len(messages) == len(kept) == 5
    for message in messages:
        at_us = message.event_time.ToMicroseconds()
        verdict = judge_event(pb.Event.FromString(message.SerializeToString()), at_us, "")
        assert isinstance(verdict, Accepted)
        row = kept[verdict.event_id]
        assert unpack_event(verdict.record) == PackedEvent(
            row["user_id"], row["event_id"], row["event_type"], int(row["event_time"].timestamp()) * SECOND_US, at_us,
            row["utc_offset_s"], row["session_id"], row["item_id"], row["category"], row["value"], row["quantity"],
            row["discount"],
        )  # fmt: skip


def test_facts_are_profile_updates(tmp_path: Path) -> None:
    """Only fields that have a value; the same fact has the same id."""
    path = write_rows(
        tmp_path / "people.csv",
        [{"user": "ann", "at": "2023-07-01T12:00:00", "age": age, "city": None} for age in ("25", "25", "26")],
    )
    (accepted,) = accepted_rows(open_door(path, shop(FACTS), History(tmp_path), END_US))
    messages = fact_messages(accepted)
    assert [dict(message.profile_update.facts) for message in messages] == [
        {"age_band": "25"}, {"age_band": "25"}, {"age_band": "26"},
    ]  # fmt: skip
    assert messages[0].event_id == messages[1].event_id != messages[2].event_id
    verdict = judge_event(messages[0], parse_instant("2023-07-01T11:00:00Z"))
    assert isinstance(verdict, Accepted)
    assert unpack_event(verdict.record).tail == b'{"age_band":"25"}'


def test_a_year_is_in_order_and_begins_after_its_instant(tmp_path: Path) -> None:
    """Several files, oldest event first; what happened at the instant itself is the import's."""
    first = write_rows(tmp_path / "a.csv", rows({"at": "2023-07-01T12:00:00"}, {"at": "2023-07-03T12:00:00"}))
    second = write_rows(
        tmp_path / "b.csv",
        rows(
            {"id": "x", "at": "2023-07-02T12:00:00"}, {"id": "y", "at": "2023-07-04T12:00:00"}, {"id": "z", "user": ""}
        ),
    )
    people = write_rows(tmp_path / "c.csv", [{"user": "ann", "at": "2023-07-03T15:00:00", "age": "25", "city": "Rome"}])
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    (tmp_path / "people.yaml").write_text(FACTS, encoding="utf-8")
    files = [
        (people, str(tmp_path / "people.yaml")), (first, str(tmp_path / "shop.yaml")),
        (second, str(tmp_path / "shop.yaml")),
    ]  # fmt: skip
    year = read_year(files, History(tmp_path), parse_instant("2023-07-01T11:00:00Z"))
    messages = year.messages(0, len(year))
    assert [message.event_id for message in messages[:2]] == ["shop|x", "shop|1"]
    assert (messages[2].type, messages[3].event_id) == (pb.EVENT_TYPE_PROFILE_UPDATE, "shop|y")
    assert [message.event_time.ToMicroseconds() for message in messages] == year.times_us.tolist()
    assert year.due(int(year.times_us[1])) == 2
    assert year.messages(1, 3) == messages[1:3]


def test_a_year_without_events_is_empty(tmp_path: Path) -> None:
    """A file of facts that were all known before leaves nothing to come."""
    people = write_rows(tmp_path / "c.csv", [{"user": "ann", "at": "2023-07-03T15:00:00", "age": "25", "city": "Rome"}])
    (tmp_path / "people.yaml").write_text(FACTS, encoding="utf-8")
    year = read_year([(people, str(tmp_path / "people.yaml"))], History(tmp_path), NOW_US * 2)
    assert (len(year), year.messages(0, 0), year.due(END_US)) == (0, [], 0)


def test_each_event_is_published_when_its_time_has_come() -> None:
    """What is due already at once; the others not before their time, and soon after it."""
    door = ToyDoor(NOW_US + 10 * SECOND_US)
    feed, progress = fed(door, year_of(1, 2, 10.5, 30, 30.25))
    assert feed.position == 5
    assert door.published[0] == (NOW_US + 10 * SECOND_US, ["1", "2"])
    for at_us, names in door.published[1:]:
        for name in names:
            assert 0 <= at_us - (NOW_US + float(name) * SECOND_US) <= SECOND_US
    assert progress.outcomes == {"accepted": 5}
    assert max(door.slept) <= 1.0


def test_a_faster_clock_makes_the_year_faster() -> None:
    """At a thousand times the speed an hour takes 3.6 seconds."""
    door = ToyDoor(NOW_US, speed=1_000.0)
    fed(door, year_of(3_600))
    assert sum(door.slept) == pytest.approx(3.6, abs=0.01)


def test_a_door_that_is_away_is_waited_for() -> None:
    """Growing delays, never shorter than the door asks for; then the same events in the same order."""
    door = ToyDoor(NOW_US + SECOND_US)
    door.faults = [
        CallFailed("UNAVAILABLE", "no gateway answers", ""), CallFailed("DEADLINE_EXCEEDED", "late", ""),
        CallFailed("RESOURCE_EXHAUSTED", "full", "r1", retry_after_s=7.0),
    ]  # fmt: skip
    fed(door, year_of(0.5, 0.75))
    assert [names for _, names in door.published] == [["0.5", "0.75"]]
    assert 0.05 <= door.slept[0] <= 0.1 <= door.slept[1] <= 0.2
    assert door.slept[2] == 7.0


def test_what_does_not_pass_is_told() -> None:
    """A mistake is not repeated for ever."""
    door = ToyDoor(NOW_US + SECOND_US)
    door.faults = [CallFailed("INVALID_ARGUMENT", "no such request", "r1")]
    with pytest.raises(CallFailed, match="no such request"):
        fed(door, year_of(0.5))


def test_a_door_whose_clock_was_set_back_gets_the_events_again() -> None:
    """A platform that began anew: what is early for it comes when it is due."""
    door = ToyDoor(NOW_US + 100 * SECOND_US)
    client: Any = door
    feed = LiveFeed(
        PatientDoor(client, sleep=door.sleep), year_of(1, 99, 120), DoorClock(1.0, lambda: door.system_us),
        FeedProgress(lambda _: None),
    )  # fmt: skip
    ask = door.publish

    def once_set_back(events: Sequence[pb.Event]) -> Published:
        if events and not door.published:
            door.at_us = NOW_US + 50 * SECOND_US
        return ask(events)

    door.publish = once_set_back  # type: ignore[method-assign]
    feed.run()
    assert [names for _, names in door.published] == [["1"], ["99"], ["120"]]


def test_progress_adds_up() -> None:
    """A sentence for people, numbers for programs."""
    said: list[str] = []
    progress = FeedProgress(said.append, every_s=0)
    progress.add(
        Published(
            ("accepted", "late"), {1: (Refusal("event_time", "late", ""),)}, (), datetime(2017, 12, 1, tzinfo=UTC)
        )
    )
    progress.tell(NOW_US, 7)
    assert said == [
        "published 2 (1 accepted, 1 late), refused: late 1 up to 2017-12-01T05:00:00Z; 7 to come",
    ]
    found = progress.as_json()
    assert (found["published"], found["outcomes"], found["reasons"]) == (2, {"accepted": 1, "late": 1}, {"late": 1})
