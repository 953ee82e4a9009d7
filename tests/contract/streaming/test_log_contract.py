"""What every event log promises: in memory, in files, on Kafka."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from kafka_broker import why_not
from log_worlds import PARTITIONS, WORLDS, LogWorld

from strata.errors import InputInvalid, LogDamaged, LogFull
from streaming.log.ports import MAX_RECORD_BYTES, Log, LogConsumer, Record

SOON_S = 20.0
"""Joining a group of a real broker takes seconds when it is busy."""


@pytest.fixture(params=WORLDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> LogWorld:
    """Each kind of log, empty."""
    if request.param == "kafka" and (reason := why_not()):
        pytest.skip(reason)
    return WORLDS[request.param](tmp_path)


@pytest.fixture
def log(world: LogWorld) -> Iterator[Log]:
    """An open one."""
    opened = world.open()
    yield opened
    opened.close()


class Reader:
    """A consumer that notes what happens to it; positions may be shared, as workers share their state."""

    def __init__(self, log: Log, positions: dict[int, int] | None = None) -> None:
        self.positions = {} if positions is None else positions
        self.held: set[int] = set()
        self.seen: list[Record] = []
        self.consumer: LogConsumer = log.consumer(self._assigned, self._revoked)

    def _assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
        self.held.update(partitions)
        return {p: self.positions[p] for p in partitions if p in self.positions}

    def _revoked(self, partitions: Sequence[int]) -> None:
        self.held.difference_update(partitions)

    def step(self, max_records: int = 100, timeout_s: float = 0.05) -> list[Record]:
        """Poll once, and move the positions on."""
        found = self.consumer.poll(max_records, timeout_s)
        for record in found:
            self.positions[record.partition] = record.offset + 1
        self.seen += found
        return found

    def read(self, count: int, max_records: int = 100) -> list[Record]:
        """The next so many records, and no more."""
        found: list[Record] = []
        until = time.monotonic() + SOON_S
        while len(found) < count and time.monotonic() < until:
            found += self.step(min(max_records, count - len(found)))
        return found

    def close(self) -> None:
        """Leave."""
        self.consumer.close()


@pytest.fixture
def reader(log: Log) -> Iterator[Reader]:
    """A consumer of the open log, alone in its group."""
    one = Reader(log)
    yield one
    one.close()


def by_partition(records: Sequence[Record]) -> dict[int, list[tuple[int, bytes]]]:
    """What was read, by partition, in the order it was read."""
    found: dict[int, list[tuple[int, bytes]]] = {}
    for record in records:
        found.setdefault(record.partition, []).append((record.offset, record.data))
    return found


async def test_offsets_are_dense_and_begin_at_zero_in_every_partition(log: Log) -> None:
    """An append's answer has one offset for each record, in the order offered, counted by partition."""
    writer = log.writer()
    assert await writer.append([(0, b"a"), (2, b"b"), (0, b"c")]) == [0, 0, 1]
    assert await writer.append([]) == []
    assert await writer.append([(2, b"d"), (1, b"e"), (0, b"f")]) == [1, 0, 2]
    assert writer.partitions == PARTITIONS
    assert writer.queued == 0


async def test_records_are_read_in_the_order_of_their_append(log: Log, reader: Reader) -> None:
    """Byte for byte, empty ones too, with the offsets that the append answered."""
    await log.writer().append([(0, b"first"), (1, b""), (0, bytes(range(256)))])
    await log.writer().append([(0, b"last")])
    assert by_partition(reader.read(4)) == {
        0: [(0, b"first"), (1, bytes(range(256))), (2, b"last")],
        1: [(0, b"")],
    }
    assert reader.consumer.poll(10, 0.05) == []


async def test_appends_at_the_same_time_are_each_in_order_and_there_once(log: Log, reader: Reader) -> None:
    """Sixteen coroutines: what is read is what was answered, and nobody's records change places."""
    answered: dict[tuple[int, int], bytes] = {}

    async def append_some(name: int) -> None:
        for batch in range(10):
            records = [((name + n) % PARTITIONS, f"{name}:{batch * 20 + n}".encode()) for n in range(20)]
            offsets = await log.writer().append(records)
            answered.update({(p, offset): data for (p, data), offset in zip(records, offsets, strict=True)})

    await asyncio.gather(*(append_some(name) for name in range(16)))
    assert len(answered) == 16 * 200
    found = by_partition(reader.read(16 * 200, max_records=333))
    assert {(p, offset): data for p, rows in found.items() for offset, data in rows} == answered
    for rows in found.values():
        assert [offset for offset, _ in rows] == list(range(len(rows)))
        for name in range(16):
            numbers = [int(data.split(b":")[1]) for _, data in rows if data.startswith(f"{name}:".encode())]
            assert numbers == sorted(numbers)


async def test_what_cannot_be_a_record_is_refused_and_nothing_of_its_append_is_taken(log: Log) -> None:
    """A partition that is not there, or data over the limit: InputInvalid, and the offsets do not move."""
    writer = log.writer()
    for wrong in [(PARTITIONS, b"x"), (-1, b"x"), (0, bytes(MAX_RECORD_BYTES + 1))]:
        with pytest.raises(InputInvalid):
            await writer.append([(0, b"good"), wrong])
    assert await writer.append([(0, b"good")]) == [0]


async def test_the_largest_records_come_whole_and_an_answer_is_bounded_in_bytes(log: Log, reader: Reader) -> None:
    """Forty records of the largest size, 40 MB, never come at once though a thousand are asked for."""
    large = [bytes([n]) * MAX_RECORD_BYTES for n in range(40)]
    await log.writer().append([(n % 2, data) for n, data in enumerate(large)])
    found: list[Record] = []
    until = time.monotonic() + SOON_S
    while len(found) < 40 and time.monotonic() < until:
        answer = reader.consumer.poll(1_000, 0.5)
        assert len(answer) <= 20
        found += answer
    assert sorted(record.data for record in found) == large


async def test_an_empty_poll_takes_its_time_and_no_longer(log: Log, reader: Reader) -> None:
    """Nothing there: the answer is empty after the time-out."""
    _step_until(lambda: reader.held, reader)
    began = time.monotonic()
    assert reader.consumer.poll(10, 0.3) == []
    assert 0.25 <= time.monotonic() - began < SOON_S / 2


async def test_a_waiting_poll_answers_as_soon_as_something_is_durable(log: Log, reader: Reader) -> None:
    """It does not wait for as many records as it may answer, nor for its time."""
    _step_until(lambda: reader.held, reader)
    waiting = asyncio.create_task(asyncio.to_thread(reader.consumer.poll, 1_000, SOON_S))
    await asyncio.sleep(0.2)
    began = time.monotonic()
    await log.writer().append([(3, b"now")])
    assert await waiting == [Record(3, 0, b"now")]
    assert time.monotonic() - began < SOON_S / 2


async def test_a_poll_answers_no_more_than_it_was_asked_for(log: Log, reader: Reader) -> None:
    """The rest comes with the next one, in order."""
    await log.writer().append([(0, b"%d" % n) for n in range(100)])
    answers = [len(reader.read(7, max_records=7)) for _ in range(3)]
    assert answers == [7, 7, 7]
    assert [record.data for record in reader.read(79, max_records=1_000)] == [b"%d" % n for n in range(21, 100)]


async def test_a_seek_moves_one_partition_and_leaves_the_others(log: Log, reader: Reader) -> None:
    """Back: records come again. Forward: they are left out. The others go on where they were."""
    await log.writer().append([(n % 2, b"%d" % n) for n in range(40)])
    reader.read(13, max_records=5)
    reached = dict(reader.positions)
    reader.consumer.seek(0, 2)
    found = by_partition(reader.read(18 + 20 - reached.get(1, 0)))
    assert [offset for offset, _ in found[0]] == list(range(2, 20))
    assert [offset for offset, _ in found.get(1, [])] == list(range(reached.get(1, 0), 20))
    reader.consumer.seek(1, 18)
    assert [(r.partition, r.offset) for r in reader.read(2)] == [(1, 18), (1, 19)]


async def test_a_consumer_begins_where_assigned_says(world: LogWorld, log: Log) -> None:
    """At each partition's own offset, its end included; one not named begins at the first record."""
    await log.writer().append([(p, b"%d" % n) for p in range(PARTITIONS) for n in range(5)])
    one = Reader(log, {0: 3, 1: 5, 2: 0})
    found = by_partition(one.read(2 + 0 + 5 + 5))
    one.close()
    assert {p: [offset for offset, _ in rows] for p, rows in found.items()} == {
        0: [3, 4],
        2: [0, 1, 2, 3, 4],
        3: [0, 1, 2, 3, 4],
    }


async def test_a_position_that_the_log_never_gave_out_is_a_sentence(log: Log) -> None:
    """It is not the log that the position is from: going on would lose what comes until it is reached."""
    await log.writer().append([(0, b"only")])
    one = Reader(log, {0: 7})
    with pytest.raises(LogDamaged, match="partition 0 of the event log ends at offset 1, before 7"):
        one.read(1)
    one.positions[0] = 0
    assert [record.data for record in one.read(1)] == [b"only"]
    with pytest.raises(LogDamaged, match="ends at offset 1, before 2"):
        one.consumer.seek(0, 2)
    one.close()


async def test_where_the_log_begins_and_ends_is_known_of_every_partition(log: Log, reader: Reader) -> None:
    """Also of those without records, and it follows what is appended."""
    await log.writer().append([(0, b"a"), (0, b"b"), (3, b"c")])
    assert reader.consumer.start_offsets() == {0: 0, 1: 0, 2: 0, 3: 0}
    assert reader.consumer.end_offsets() == {0: 2, 1: 0, 2: 0, 3: 1}
    reader.read(3)
    await log.writer().append([(1, b"d")])
    reader.read(1)
    assert reader.consumer.end_offsets() == {0: 2, 1: 1, 2: 0, 3: 1}


async def test_a_log_opened_again_has_all_and_goes_on(world: LogWorld) -> None:
    """Records and offsets outlive a close."""
    first = world.open()
    await first.writer().append([(0, b"a"), (1, b"b")])
    first.close()
    second = world.open()
    assert await second.writer().append([(0, b"c")]) == [1]
    reader = Reader(second)
    assert by_partition(reader.read(3)) == {0: [(0, b"a"), (1, b"c")], 1: [(0, b"b")]}
    reader.close()
    second.close()


async def test_past_its_queue_an_append_is_refused_whole_with_a_delay(world: LogWorld) -> None:
    """Of many appends at once some are taken; the others raise LogFull, and none of their records is there."""
    log = world.open(queue_records=30)

    async def append_ten(name: int) -> int:
        await log.writer().append([(n % 2, f"{name}".encode()) for n in range(10)])
        return name

    answers = await asyncio.gather(*(append_ten(name) for name in range(40)), return_exceptions=True)
    taken = [name for name in answers if isinstance(name, int)]
    refused = [full.retry_after_s for full in answers if isinstance(full, LogFull)]
    assert len(taken) + len(refused) == 40
    assert all(0 < delay <= 5 for delay in refused)
    assert 3 <= len(taken) < 40
    reader = Reader(log)
    assert Counter(record.data for record in reader.read(10 * len(taken))) == {f"{n}".encode(): 10 for n in taken}
    assert reader.consumer.poll(10, 0.1) == []
    assert await log.writer().append([(0, b"x")] * 100) is not None, "larger than the queue, and nothing waits"
    reader.close()
    log.close()


async def test_a_cancelled_append_leaves_the_log_as_good_as_before(log: Log) -> None:
    """Its place in the queue is given back once it is durable, and others are answered."""
    writer = log.writer()
    gone = asyncio.create_task(writer.append([(0, b"gone")] * 50))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await writer.append([(1, b"here")]) == [0]
    await _until(lambda: not writer.queued)


async def test_released_records_may_go_and_others_may_not(log: Log, reader: Reader) -> None:
    """Releasing some loses nothing that is not released, and never goes back."""
    await log.writer().append([(0, b"%d" % n) for n in range(10)])
    reader.read(10)
    reader.consumer.release(0, 6)
    reader.consumer.release(0, 2)
    reader.consumer.seek(0, 6)
    assert [record.offset for record in reader.read(4)] == [6, 7, 8, 9]


async def test_what_assigned_raises_is_raised_by_poll_and_tried_again(log: Log) -> None:
    """A state that cannot be read for a moment costs a poll, not the partition."""
    await log.writer().append([(2, b"kept")])
    faults = [OSError("the state is away")]

    def assigned(partitions: Sequence[int]) -> Mapping[int, int]:
        if faults:
            raise faults.pop()
        return {}

    consumer = log.consumer(assigned, lambda _: None)
    with pytest.raises(OSError, match="the state is away"):
        _poll_until_some(consumer)
    assert _poll_until_some(consumer) == [Record(2, 0, b"kept")]
    consumer.close()


def _poll_until_some(consumer: LogConsumer) -> list[Record]:
    until = time.monotonic() + SOON_S
    while time.monotonic() < until:
        if found := consumer.poll(10, 0.05):
            return found
    return []


async def test_two_consumers_share_the_partitions_and_one_left_has_all(log: Log) -> None:
    """Each partition is one member's; when a member leaves, its partitions are the other's."""
    positions: dict[int, int] = {}
    with closing(Reader(log, positions)) as one:
        _step_until(lambda: len(one.held) == PARTITIONS, one)
        with closing(Reader(log, positions)) as other:
            _step_until(lambda: other.held and len(one.held | other.held) == PARTITIONS, one, other)
            assert not one.held & other.held, "what one gives up it is told of"
        assert other.held == set()
        _step_until(lambda: len(one.held) == PARTITIONS, one)
        await log.writer().append([(p, b"x") for p in range(PARTITIONS)])
        assert len(one.read(PARTITIONS)) == PARTITIONS


async def _until(reached: Callable[[], object]) -> None:
    """What other threads bring about, for which there is no event."""
    until = time.monotonic() + 2 * SOON_S
    while not reached():
        assert time.monotonic() < until
        await asyncio.sleep(0.02)


def _step_until(reached: Callable[[], object], *readers: Reader) -> None:
    until = time.monotonic() + SOON_S
    while not reached() and time.monotonic() < until:
        for reader in readers:
            reader.step()
    assert reached()


async def test_partitions_move_between_consumers_without_a_gap_or_a_repeat(log: Log) -> None:
    """Consumers come and go while records are appended; with positions kept at `revoked`, each is read once."""
    positions: dict[int, int] = {}
    seen: list[tuple[int, int]] = []
    lock = threading.Lock()
    total = 2_000

    def work(stop: threading.Event) -> None:
        reader = Reader(log, positions)
        while not stop.is_set():
            found = reader.step(20, 0.02)
            with lock:
                seen.extend((record.partition, record.offset) for record in found)
        reader.close()

    stops = [threading.Event() for _ in range(4)]
    threads = [threading.Thread(target=work, args=(stop,)) for stop in stops]
    try:
        for at in range(4):
            threads[at].start()
            for batch in range(5):
                start = (at * 5 + batch) * 100
                await log.writer().append([(n % PARTITIONS, b"%d" % n) for n in range(start, start + 100)])
                await asyncio.sleep(0.05)
            if at >= 2:
                stops[at - 2].set()
                await asyncio.to_thread(threads[at - 2].join)
        await _until(lambda: len(seen) >= total)
    finally:
        for stop, thread in zip(stops, threads, strict=True):
            stop.set()
            await asyncio.to_thread(thread.join)
    assert sorted(seen) == [(p, offset) for p in range(PARTITIONS) for offset in range(total // PARTITIONS)]
