"""What the Kafka client reports, as errors of the log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaError, KafkaException

from strata.errors import LogUnavailable
from strata.settings import LogSettings


def unavailable(settings: LogSettings, error: KafkaError | None) -> LogUnavailable:
    """One sentence with where, what, and what to try."""
    reason = "it did not answer in time" if error is None else _reason(error)
    return LogUnavailable(
        f"Kafka at {settings.brokers} cannot be used: {reason}. Start it (scripts/kafka.py start, or "
        "deploy/compose.yaml), or correct log.brokers and log.client"
    )


@contextmanager
def kafka_faults(settings: LogSettings) -> Iterator[None]:
    """Raise what the client raises inside as LogUnavailable."""
    try:
        yield
    except KafkaException as fault:
        raise unavailable(settings, error_of(fault)) from fault


def error_of(fault: KafkaException) -> KafkaError | None:
    """The client's error in an exception."""
    error = fault.args[0] if fault.args else None
    return error if isinstance(error, KafkaError) else None


def delivery_fault(settings: LogSettings, error: KafkaError) -> LogUnavailable:
    """Why a record was not taken. What timed out may be in the log all the same."""
    return LogUnavailable(f"Kafka at {settings.brokers} did not take the records: {_reason(error)}")


def _reason(error: KafkaError) -> str:
    said = error.str() or error.name()
    return f"{said[0].lower()}{said[1:]}".rstrip(".")
