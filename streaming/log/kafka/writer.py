"""Appending to a topic: an idempotent producer, `acks=all`, and one future for all records of an append.

The client's threads send; a thread of ours takes its delivery reports. When the last report of an append is in, its
event loop is woken once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Producer

from strata.errors import LogFull, LogUnavailable
from strata.features.packed import HEAD, user_bytes
from strata.settings import LogSettings
from streaming.log.kafka.delivery import Delivery
from streaming.log.kafka.faults import kafka_faults, unavailable
from streaming.log.kafka.topic import client_settings
from streaming.log.offered import by_partition
from streaming.log.ports import MAX_RECORD_BYTES

logger = logging.getLogger(__name__)

DELIVERY_S: Final = 30.0
"""How long a record may wait for its brokers: longer than a broker takes to restart."""
QUEUE_BYTES: Final = 64 << 20
"""What may wait to become durable, beside its bound in records."""
REPORTS_S: Final = 0.1
MIN_RETRY_S: Final = 0.05
MAX_RETRY_S: Final = 5.0


class KafkaWriter:
    """A producer of the topic."""

    def __init__(self, settings: LogSettings) -> None:
        self._settings = settings
        self._broken = False
        self._producer = _make_producer(settings, self._hear)
        self._queued = self._queued_bytes = 0
        self._last_append_s = 0.0
        self._closing = False
        self._thread = threading.Thread(target=self._take_reports, name="kafka-reports", daemon=True)
        self._thread.start()

    @property
    def partitions(self) -> int:
        return self._settings.partitions

    @property
    def queued(self) -> int:
        return self._queued

    async def append(self, records: Sequence[tuple[int, bytes]]) -> list[int]:
        if not records:
            return []
        groups = by_partition(records, self._settings.partitions)
        size = sum(sum(map(len, group)) for group in groups.values())
        self._check_room(len(records), size)
        began = time.monotonic()
        delivery = Delivery(self._settings, len(records), lambda: self._settle(len(records), size))
        self._queued += len(records)
        self._queued_bytes += size
        self._produce(records, delivery)
        offsets = await delivery.wait()
        self._last_append_s = time.monotonic() - began
        following = {partition: iter(found) for partition, found in offsets.items()}
        return [next(following[partition]) for partition, _ in records]

    def close(self) -> None:
        """Deliver what was taken, then stop."""
        self._closing = True
        self._thread.join()
        self._producer.flush(DELIVERY_S)

    def _check_room(self, records: int, size: int) -> None:
        if self._closing:
            raise LogUnavailable("the event log is closed")
        full = self._queued + records > self._settings.queue_records or self._queued_bytes + size > QUEUE_BYTES
        # An append larger than the whole queue is taken when nothing else waits, or it never could be.
        if full and self._queued:
            raise LogFull(self._queued, min(max(self._last_append_s, MIN_RETRY_S), MAX_RETRY_S))

    def _produce(self, records: Sequence[tuple[int, bytes]], delivery: Delivery) -> None:
        """Hand the records to the client, which copies them."""
        produce, topic, report = self._producer.produce, self._settings.topic, delivery.report
        handed = 0
        try:
            for partition, data in records:
                produce(topic, data, _key_of(data), partition, report)
                handed += 1
        except (BufferError, KafkaException) as fault:
            delivery.abandon(len(records) - handed, fault)

    def _settle(self, records: int, size: int) -> None:
        self._queued -= records
        self._queued_bytes -= size

    def _take_reports(self) -> None:
        while not self._closing:
            self._producer.poll(REPORTS_S)
            if self._broken:
                self._replace()

    def _hear(self, error: KafkaError) -> None:
        """What the client says beside its reports; it goes on by itself unless the error is fatal."""
        logger.warning("%s", unavailable(self._settings, error))
        self._broken = self._broken or error.fatal()

    def _replace(self) -> None:
        """A producer that cannot keep its promises any more refuses all; what it had fails and is reported."""
        self._broken = False
        broken, self._producer = self._producer, _make_producer(self._settings, self._hear)
        broken.purge()
        broken.flush(REPORTS_S)


def _make_producer(settings: LogSettings, hear: Callable[[KafkaError], None]) -> Producer:
    with kafka_faults(settings):
        return Producer(
            {
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": settings.linger_ms,
                "message.timeout.ms": int(DELIVERY_S * 1_000),
                "message.max.bytes": MAX_RECORD_BYTES + 16_384,
                # The bounds are kept here, where an append is refused whole.
                "queue.buffering.max.messages": 10_000_000,
                "queue.buffering.max.kbytes": 2_000_000,
                "error_cb": hear,
                **client_settings(settings),
            }
        )


def _key_of(data: bytes) -> bytes | None:
    """The user, for those who read the topic with other tools; the partition is named anyway."""
    return user_bytes(data) if len(data) >= HEAD.size else None
