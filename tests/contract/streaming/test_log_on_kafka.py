"""What a real broker adds to the log's contract: other clients, other topics, its own retention."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from kafka_broker import why_not
from log_worlds import PARTITIONS, RealWorld, kafka_world

from strata.errors import LogDamaged, LogUnavailable, SettingsInvalid
from strata.features.packed import PackedEvent, pack_event
from streaming.log.kafka.log import KafkaLog
from streaming.log.partition import partition_of
from streaming.log.ports import Log, Record

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


@pytest.fixture
def world(tmp_path: Path) -> RealWorld:
    """A topic of its own."""
    return kafka_world(tmp_path)


@pytest.fixture
def log(world: RealWorld) -> Iterator[Log]:
    """An open log."""
    opened = world.open()
    yield opened
    opened.close()


def append(log: Log, *records: tuple[int, bytes]) -> list[int]:
    """Append from a loop of its own."""

    async def once() -> list[int]:
        return await log.writer().append(records)

    return asyncio.run(once())


def read(log: Log, count: int, begin: dict[int, int] | None = None) -> list[Record]:
    """The first so many records from where it begins."""
    consumer = log.consumer(lambda _: begin or {}, lambda _: None)
    try:
        found: list[Record] = []
        until = time.monotonic() + 20
        while len(found) < count and time.monotonic() < until:
            found += consumer.poll(count - len(found), 0.1)
        return found
    finally:
        consumer.close()


def test_a_producer_keyed_by_user_agrees_on_every_partition(world: RealWorld, log: Log) -> None:
    """Kafka's own choice for 300 users (its client's `murmur2`, the Java default) is `partition_of`."""
    chosen: dict[str, int | None] = {}
    producer = Producer({"bootstrap.servers": world.settings["brokers"], "partitioner": "murmur2"})
    users = [*(str(n) for n in range(250)), *(f"žluťoučký kůň {n}" for n in range(50))]
    for user in users:
        producer.produce(
            world.settings["topic"],
            b"x",
            user.encode(),
            on_delivery=lambda _, message: chosen.update({message.key().decode(): message.partition()}),
        )
    producer.flush(20)
    assert chosen == {user: partition_of(user, PARTITIONS) for user in users}


def test_a_record_s_key_is_its_user(world: RealWorld, log: Log) -> None:
    """So other tools, and compaction by others, see whose it is."""
    append(log, (1, pack_event(PackedEvent("Zoë", "e1", "view", 1, 2))))
    client = Consumer({"bootstrap.servers": world.settings["brokers"], "group.id": "look"})
    client.assign([TopicPartition(world.settings["topic"], 1, 0)])
    message = client.poll(20)
    client.close()
    assert message is not None
    assert message.key() == "Zoë".encode()


def test_released_offsets_are_committed_and_never_followed(world: RealWorld, log: Log) -> None:
    """Kafka's tools show how far the worker is; where it begins is its own word all the same."""
    append(log, *((0, b"%d" % n) for n in range(10)))
    consumer = log.consumer(lambda _: {}, lambda _: None)
    while not consumer.poll(10, 0.1):
        pass
    consumer.release(0, 7)
    time.sleep(0.3)
    consumer.close()
    look = Consumer({"bootstrap.servers": world.settings["brokers"], "group.id": world.settings["group"]})
    assert look.committed([TopicPartition(world.settings["topic"], 0)], 20)[0].offset == 7
    look.close()
    assert [record.offset for record in read(log, 8, {0: 2})] == list(range(2, 10))


def test_what_the_topic_s_retention_removed_is_a_sentence(world: RealWorld, log: Log) -> None:
    """At the beginning and at a seek: never a silent jump over what was not read."""
    append(log, *((0, b"%d" % n) for n in range(10)))
    topic = world.settings["topic"]
    admin = AdminClient({"bootstrap.servers": world.settings["brokers"]})
    for removed in admin.delete_records([TopicPartition(topic, 0, 6)]).values():
        removed.result(20)
    assert [record.offset for record in read(log, 4)] == [6, 7, 8, 9]
    with pytest.raises(LogDamaged, match=r"partition 0 .*begins at offset 6: what is wanted from 3 on is gone"):
        read(log, 1, {0: 3})


def test_a_topic_made_with_other_partitions_is_refused(world: RealWorld, log: Log) -> None:
    """As an embedded log is."""
    with pytest.raises(SettingsInvalid, match=r"has 4 partitions and log\.partitions is 8; set it to 4"):
        world.open(partitions=8)


def test_no_broker_is_a_sentence_that_says_how_to_start_one(world: RealWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens at the address."""
    monkeypatch.setattr("streaming.log.kafka.topic.ANSWER_S", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as held:
        nobody = f"127.0.0.1:{held.getsockname()[1]}"
    with pytest.raises(LogUnavailable, match=rf"Kafka at {nobody} cannot be used: .*scripts/kafka\.py start"):
        world.open(brokers=nobody)


def test_a_producer_that_failed_for_good_is_replaced(log: KafkaLog) -> None:
    """After a fatal error of the client the next append is taken by a new producer."""
    append(log, (0, b"before"))
    writer = log.writer()
    first, writer._broken = writer._producer, True
    until = time.monotonic() + 20
    while writer._producer is first:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert append(log, (0, b"after")) == [1]


def test_two_processes_may_write_a_topic(world: RealWorld, log: Log) -> None:
    """Each answer has its own offsets, though they mix."""
    other = world.open()
    try:
        mine = [append(log, (0, b"m%d" % n), (0, b"n%d" % n)) for n in range(5)]
        theirs = [append(other, (0, b"t%d" % n), (0, b"u%d" % n)) for n in range(5)]
        assert sorted(offset for pair in mine + theirs for offset in pair) == list(range(20))
    finally:
        other.close()
