"""Reading files in any order of polls, seeks and shares, against a model in lists."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from log_files import PARTITIONS, fill, opened

from streaming.log.embedded.log import EmbeddedLog
from streaming.log.ports import LogConsumer, Record

COMMITS, RECORDS = 60, 40


class Model:
    """What a consumer should answer: each partition's records, and where it is in each."""

    def __init__(self, partitions: Sequence[int]) -> None:
        self.next = dict.fromkeys(partitions, 0)

    def take(self, records: list[Record]) -> None:
        """See that an answer goes on in each partition, byte for byte, and note it."""
        for record in records:
            assert record.offset == self.next[record.partition]
            assert record.data == b"%06d" % (record.offset * PARTITIONS + record.partition)
            self.next[record.partition] += 1


@pytest.mark.parametrize("segment_bytes", [1_024, 1 << 20])
@pytest.mark.parametrize("seed", range(5))
def test_polls_and_seeks_in_any_order_answer_what_the_partitions_hold(
    tmp_path: Path, seed: int, segment_bytes: int
) -> None:
    """Answers that end in the middle of a frame, seeks back and forward, in one file and over many."""
    dice = random.Random(seed)
    total = COMMITS * RECORDS // PARTITIONS
    with opened(tmp_path, segment_bytes=segment_bytes) as log:
        fill(log, COMMITS, RECORDS)
        consumer = log.consumer(lambda _: {}, lambda _: None)
        model = Model(range(PARTITIONS))
        model.take(consumer.poll(1, 0))
        for _ in range(300):
            if dice.random() < 0.2:
                partition, offset = dice.randrange(PARTITIONS), dice.randint(0, total)
                consumer.seek(partition, offset)
                model.next[partition] = offset
            else:
                model.take(consumer.poll(dice.choice([1, 7, 30, 500]), 0))
        drain(consumer, model)
        assert model.next == dict.fromkeys(range(PARTITIONS), total)
        consumer.close()


@pytest.mark.parametrize("commits", [0, 3])
def test_a_segment_that_is_being_begun_is_not_looked_into(tmp_path: Path, commits: int) -> None:
    """Its file is there a moment before its head: no damage, and nothing to read yet."""
    with opened(tmp_path) as log:
        fill(log, commits, RECORDS) if commits else None
    with opened(tmp_path) as log:
        end = int.from_bytes((tmp_path / "marks").read_bytes()[:8], "little")
        (tmp_path / f"{end:020d}.log").touch()
        consumer = log.consumer(lambda _: {}, lambda _: None)
        assert len(consumer.poll(1_000, 0)) == commits * RECORDS
        consumer.seek(0, commits * RECORDS // 2)
        assert consumer.poll(1_000, 0) == []
        assert consumer.start_offsets() == {0: 0, 1: 0}
        consumer.close()


def drain(consumer: LogConsumer, model: Model) -> None:
    """Read to the end."""
    while found := consumer.poll(100, 0):
        model.take(found)


def test_a_partition_given_up_in_the_middle_of_a_frame_is_read_on_by_its_next_owner(tmp_path: Path) -> None:
    """What was read ahead and not handed out is nobody's yet; the partition kept goes on without a gap."""
    with opened(tmp_path) as log:
        fill(log, 20, RECORDS)
        positions: dict[int, int] = {}
        one, other = Member(log, positions), Member(log, positions)
        for _ in range(7):
            one.poll(3)
        assert sorted(one.held) == [0, 1]
        other.until_held(1)
        one.until_held(1)
        other.until_held(1)
        for _ in range(400):
            one.poll(3)
            other.poll(3)
        assert positions == {0: 400, 1: 400}
        one.consumer.close()
        other.consumer.close()


class Member:
    """A consumer that keeps the positions which it shares with the others."""

    def __init__(self, log: EmbeddedLog, positions: dict[int, int]) -> None:
        self.positions, self.held = positions, set[int]()
        self.consumer = log.consumer(self._assigned, self.held.difference_update)

    def _assigned(self, partitions: Sequence[int]) -> dict[int, int]:
        self.held.update(partitions)
        return {partition: self.positions.setdefault(partition, 0) for partition in partitions}

    def poll(self, max_records: int, timeout_s: float = 0) -> None:
        """Read some, each record once and in order."""
        for record in self.consumer.poll(max_records, timeout_s):
            assert record.offset == self.positions[record.partition]
            self.positions[record.partition] += 1

    def until_held(self, count: int) -> None:
        """Poll a few times, which is when shares are looked at."""
        for _ in range(30):
            self.poll(1, 0.02)
            if len(self.held) == count:
                return
