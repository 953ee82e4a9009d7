"""The records of one append on their way to the brokers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from confluent_kafka import KafkaError
from confluent_kafka.cimpl import Message

from strata.errors import LogUnavailable
from strata.settings import LogSettings
from streaming.log.kafka.faults import delivery_fault


class Delivery:
    """Gathers one report for each record; belongs to the event loop it is made in.

    `settled` is called there once, when no record is on its way any more, whoever still waits.
    """

    def __init__(self, settings: LogSettings, records: int, settled: Callable[[], None]) -> None:
        self._settings, self._left, self._settled = settings, records, settled
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[dict[int, list[int]]] = self._loop.create_future()
        self._offsets: dict[int, list[int]] = {}
        self._fault: LogUnavailable | None = None

    async def wait(self) -> dict[int, list[int]]:
        """The offsets of each partition's records, in the order of the append. Raises LogUnavailable."""
        return await asyncio.shield(self._future)

    def report(self, error: KafkaError | None, message: Message) -> None:
        """One record is in the log, or is not. Called by the thread that takes reports, once for every record."""
        if error is None:
            partition, offset = message.partition(), message.offset()
            if partition in self._offsets:
                self._offsets[partition].append(offset)  # type: ignore[arg-type]
            else:
                self._offsets[partition] = [offset]  # type: ignore[index, list-item]
        elif self._fault is None:
            self._fault = delivery_fault(self._settings, error)
        self._count_off(1)

    def abandon(self, records: int, fault: Exception) -> None:
        """The client did not take these records."""
        self._fault = LogUnavailable(f"Kafka at {self._settings.brokers} took no more records: {fault}")
        self._count_off(records)

    def _count_off(self, records: int) -> None:
        self._left -= records
        if not self._left:
            try:
                self._loop.call_soon_threadsafe(self._resolve)
            except RuntimeError:  # the loop was closed: nobody waits there any more
                return

    def _resolve(self) -> None:
        self._settled()
        if self._fault is None:
            self._future.set_result(self._offsets)
        else:
            self._future.set_exception(self._fault)
            self._future.exception()  # seen, should its append have been cancelled
