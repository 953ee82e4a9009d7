"""The log as a topic of Apache Kafka: durable when all replicas that are in sync have it."""

from __future__ import annotations

import threading

from strata.settings import LogSettings
from streaming.log.kafka.consumer import KafkaConsumer
from streaming.log.kafka.topic import ensure_topic
from streaming.log.kafka.writer import KafkaWriter
from streaming.log.ports import Assigned, Lost, Revoked


class KafkaLog:
    """A topic on a broker that answers."""

    def __init__(self, settings: LogSettings) -> None:
        ensure_topic(settings)
        self._settings = settings
        self._opening = threading.Lock()
        self._writer: KafkaWriter | None = None

    def writer(self) -> KafkaWriter:
        with self._opening:
            if self._writer is None:
                self._writer = KafkaWriter(self._settings)
            return self._writer

    def consumer(self, assigned: Assigned, revoked: Revoked, lost: Lost | None = None) -> KafkaConsumer:
        return KafkaConsumer(self._settings, assigned=assigned, revoked=revoked, lost=lost or revoked)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
