"""kill -9 of the process that appends, in the middle of a stream: what was acknowledged is there, once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from kafka_broker import KafkaBroker, why_not
from log_worlds import PARTITIONS, RealWorld, embedded_world, kafka_world

from strata.errors import LogUnavailable
from streaming.log.ports import Log, LogConsumer, Record

PROGRAM = Path(__file__).resolve().parents[2] / "doubles" / "log_writer_process.py"
NEEDS_KAFKA = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


@pytest.fixture(params=["embedded", pytest.param("kafka", marks=NEEDS_KAFKA)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> RealWorld:
    """Each log that outlives a process."""
    return embedded_world(tmp_path) if request.param == "embedded" else kafka_world(tmp_path)


def killed_writer(world: RealWorld, acknowledgements: int) -> dict[tuple[int, int], bytes]:
    """What a writer had acknowledged when it was killed, after at least so many."""
    command = [sys.executable, str(PROGRAM), world.all_settings().model_dump_json(), "4", "25"]
    acknowledged: dict[tuple[int, int], bytes] = {}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            if not line.endswith("\n"):  # the kill cut it
                break
            partition, offset, data = line.split()
            acknowledged[int(partition), int(offset)] = data.encode()
            if len(acknowledged) == acknowledgements:
                writer.kill()
    assert len(acknowledged) >= acknowledgements
    return acknowledged


def read_all(log: Log) -> list[Record]:
    """Every record of the log."""
    consumer = log.consumer(lambda _: {}, lambda _: None)
    found = read_to_the_end(consumer)
    consumer.close()
    return found


def read_to_the_end(consumer: LogConsumer) -> list[Record]:
    """What there is from where the consumer is, as long as it takes."""
    wanted = sum(consumer.end_offsets().values()) - sum(consumer.start_offsets().values())
    found: list[Record] = []
    while len(found) < wanted:
        found += consumer.poll(5_000, 0.2)
    return found


def check(records: list[Record], acknowledged: dict[tuple[int, int], bytes]) -> None:
    """Each acknowledged record is where it was said to be; no record is there twice; offsets have no gap."""
    found = {(record.partition, record.offset): record.data for record in records}
    assert {where: found.get(where) for where in acknowledged} == acknowledged
    assert [data for data, times in Counter(found.values()).items() if times > 1] == []
    for partition in range(PARTITIONS):
        offsets = sorted(offset for p, offset in found if p == partition)
        assert offsets == list(range(len(offsets)))


@pytest.mark.parametrize("acknowledgements", [1, 400, 2_500])
def test_what_a_killed_writer_had_acknowledged_is_there_once(world: RealWorld, acknowledgements: int) -> None:
    """Early, and in full flight; the next writer goes on after it."""
    acknowledged = killed_writer(world, acknowledgements)
    log = world.open()
    offsets = asyncio.run(_append(log, [(p, b"after") for p in range(PARTITIONS)]))
    acknowledged |= {(p, offset): b"after-%d" % p for p, offset in enumerate(offsets)}
    records = read_all(log)
    after = {(r.partition, r.offset) for r in records if r.data == b"after"}
    assert after == set(enumerate(offsets))
    renamed = [r._replace(data=b"after-%d" % r.partition) if r.data == b"after" else r for r in records]
    check(renamed, acknowledged)
    log.close()


def test_a_log_killed_again_and_again_keeps_all_of_it(tmp_path: Path) -> None:
    """Six kills of the embedded log's writer, each of which opens what the last one left, over many small files."""
    world = RealWorld("embedded", tmp_path, partitions=PARTITIONS, segment_bytes=20_000)
    acknowledged: dict[tuple[int, int], bytes] = {}
    for life in range(6):
        again = killed_writer(world, 300 + 170 * life)
        assert not acknowledged.keys() & again.keys()
        acknowledged |= again
    log = world.open()
    log.writer()
    found = {(record.partition, record.offset): record.data for record in read_all(log)}
    assert {where: found.get(where) for where in acknowledged} == acknowledged
    log.close()


@NEEDS_KAFKA
def test_a_broker_killed_under_load_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """kill -9 of the broker: appends wait for it to come back, and each is there once when they are answered."""
    broker = KafkaBroker(tmp_path / "broker")
    broker.start()
    try:
        world = kafka_world(tmp_path, broker.brokers)
        log = world.open()
        acknowledged = asyncio.run(_append_over_a_kill(log, broker))
        assert len(acknowledged) >= 200
        check(read_all(log), acknowledged)
        log.close()
    finally:
        broker.stop()


async def _append_over_a_kill(log: Log, broker: KafkaBroker) -> dict[tuple[int, int], bytes]:
    acknowledged: dict[tuple[int, int], bytes] = {}
    restarted = asyncio.Event()

    async def append(name: int) -> None:
        number = 0
        while number < 100 or not restarted.is_set():
            records = [(n % PARTITIONS, b"%d-%d" % (name, n)) for n in range(number, number + 10)]
            number += 10
            try:
                offsets = await log.writer().append(records)
            except LogUnavailable:
                continue
            acknowledged.update({(p, offset): data for (p, data), offset in zip(records, offsets, strict=True)})

    async def kill_and_restart() -> None:
        await asyncio.sleep(0.3)
        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(broker.start)
        await asyncio.sleep(1.0)
        restarted.set()

    await asyncio.gather(kill_and_restart(), *(append(name) for name in range(3)))
    return acknowledged


async def _append(log: Log, records: list[tuple[int, bytes]]) -> list[int]:
    return await log.writer().append(records)
