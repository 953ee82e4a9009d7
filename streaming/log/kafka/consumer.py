"""Reading a topic as a member of a group. Where to begin is the worker's word, never the group's committed offsets.

Released offsets are committed all the same, so that Kafka's own tools show how far the worker is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.cimpl import Message

from strata.errors import LogDamaged
from strata.settings import LogSettings
from streaming.log.begin import check_begin
from streaming.log.kafka.faults import kafka_faults, unavailable
from streaming.log.kafka.topic import ANSWER_S, client_settings
from streaming.log.ports import Assigned, Lost, Record, Revoked

logger = logging.getLogger(__name__)

CLIENT: Final[dict[str, str | int | float | bool]] = {
    # A partition moves while the others are read on.
    "partition.assignment.strategy": "cooperative-sticky",
    "enable.auto.commit": False,
    "auto.offset.reset": "error",
    # A killed worker's partitions move after this; the shortest that brokers allow unasked is 6 s.
    "session.timeout.ms": 6_000,
    "heartbeat.interval.ms": 1_500,
    # What lies fetched and not polled yet, of all partitions together.
    "queued.max.messages.kbytes": 16_384,
}


class KafkaConsumer:
    """One member of the group."""

    def __init__(self, settings: LogSettings, *, assigned: Assigned, revoked: Revoked, lost: Lost) -> None:
        self._settings = settings
        self._assigned, self._revoked, self._lost = assigned, revoked, lost
        self._next: dict[int, int] = {}
        self._unstarted: set[int] = set()
        """Given by the group, and `assigned` has not said yet where to begin."""
        self._fault: Exception | None = None
        self._closing = False
        with kafka_faults(settings):
            self._client = Consumer(
                {"group.id": settings.group, "error_cb": self._hear, **CLIENT, **client_settings(settings)}
            )
            self._client.subscribe(
                [settings.topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )

    def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        until = time.monotonic() + timeout_s
        while True:
            self._raise_fault()
            if self._unstarted:
                self._start()
            with kafka_faults(self._settings):
                # `consume` waits until it has all it was asked for, so wait for one and take what else is there.
                messages = self._client.consume(1, max(0.0, until - time.monotonic()))
                if messages and max_records > 1:
                    messages += self._client.consume(max_records - 1, 0)
            found = self._records(messages)
            if not found:
                self._raise_fault()
            if found or time.monotonic() >= until:
                return found

    def start_offsets(self) -> Mapping[int, int]:
        return {partition: self._bounds(partition)[0] for partition in range(self._settings.partitions)}

    def end_offsets(self) -> Mapping[int, int]:
        return {partition: self._end(partition) for partition in range(self._settings.partitions)}

    def seek(self, partition: int, offset: int) -> None:
        check_begin(partition, offset, *self._bounds(partition))
        with kafka_faults(self._settings):
            self._client.seek(TopicPartition(self._settings.topic, partition, offset))
        self._next[partition] = offset

    def release(self, partition: int, offset: int) -> None:
        """Not sure to arrive: it is for people who look, and the next one says more."""
        with suppress(KafkaException):
            self._client.commit(offsets=[TopicPartition(self._settings.topic, partition, offset)], asynchronous=True)

    def close(self) -> None:
        try:
            if self._next:
                self._revoked(sorted(self._next))
        finally:
            self._next.clear()
            self._closing = True
            self._client.close()

    def _records(self, messages: Sequence[Message]) -> list[Record]:
        """What is new of what the client gave. What it says of trouble is raised when there is nothing new."""
        found = []
        following = self._next
        for message in messages:
            error = message.error()
            if error is not None:
                self._fault = self._fault_of(error, message)
                continue
            partition, offset = message.partition(), message.offset()
            # The client may still hold records from before a seek, or of a partition that was given up.
            if offset >= following.get(partition, offset + 1):  # type: ignore[arg-type, operator]
                found.append(Record(partition, offset, message.value()))  # type: ignore[arg-type]
                following[partition] = offset + 1  # type: ignore[index, operator]
        return found

    def _fault_of(self, error: KafkaError, message: Message) -> Exception:
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            partition = message.partition() or 0
            return LogDamaged(
                f"partition {partition} of the Kafka topic {self._settings.topic} no longer has what is wanted from "
                f"offset {self._next.get(partition)} on: the topic's retention removed it before it was read. Raise "
                "that, and build the state again (strata features materialize)"
            )
        return unavailable(self._settings, error)

    def _raise_fault(self) -> None:
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def _bounds(self, partition: int) -> tuple[int, int]:
        with kafka_faults(self._settings):
            found = self._client.get_watermark_offsets(TopicPartition(self._settings.topic, partition), ANSWER_S)
        if found is None:
            raise unavailable(self._settings, None)
        return found

    def _end(self, partition: int) -> int:
        """Known from the last fetch for a partition that is read, else asked for."""
        if partition in self._next:
            where = TopicPartition(self._settings.topic, partition)
            end = int(self._client.get_watermark_offsets(where, cached=True)[1])
            if end >= self._next[partition]:
                return end
        return self._bounds(partition)[1]

    def _on_assign(self, client: Consumer, given: list[TopicPartition]) -> None:
        client.incremental_assign([])
        self._unstarted.update(one.partition for one in given)
        if self._unstarted:
            self._keep_fault(self._start)

    def _start(self) -> None:
        """Begin the partitions given; one that cannot begin is tried again by the next poll."""
        bounds = {partition: self._bounds(partition) for partition in sorted(self._unstarted)}
        begin = {partition: start for partition, (start, _) in bounds.items()} | dict(self._assigned(list(bounds)))
        for partition, offset in begin.items():
            check_begin(partition, offset, *bounds[partition])
        with kafka_faults(self._settings):
            self._client.incremental_assign([TopicPartition(self._settings.topic, *where) for where in begin.items()])
        self._next.update(begin)
        self._unstarted.clear()

    def _on_revoke(self, client: Consumer, taken: list[TopicPartition]) -> None:
        self._give_up(client, taken, self._revoked)

    def _on_lost(self, client: Consumer, taken: list[TopicPartition]) -> None:
        self._give_up(client, taken, self._lost)

    def _give_up(self, client: Consumer, taken: list[TopicPartition], tell: Revoked) -> None:
        partitions = sorted(one.partition for one in taken if one.partition in self._next)
        if partitions and not self._closing:
            self._keep_fault(lambda: tell(partitions))
        for partition in partitions:
            del self._next[partition]
        self._unstarted.difference_update(one.partition for one in taken)
        client.incremental_unassign([TopicPartition(self._settings.topic, partition) for partition in partitions])

    def _keep_fault(self, action: Callable[[], None]) -> None:
        """The client must be answered whatever happens; `poll` raises it afterwards."""
        try:
            action()
        except Exception as fault:
            self._fault = fault

    def _hear(self, error: KafkaError) -> None:
        """What the client says beside records; it goes on by itself unless the error is fatal."""
        fault = unavailable(self._settings, error)
        logger.warning("%s", fault)
        if error.fatal():
            self._fault = fault
