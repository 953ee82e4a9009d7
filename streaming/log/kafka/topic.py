"""The topic of the log: made when it is not there, and seen to have the partitions that users are spread over."""

from __future__ import annotations

import time
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from strata.errors import LogUnavailable, SettingsInvalid
from strata.settings import LogSettings
from streaming.log.kafka.faults import error_of, kafka_faults

ANSWER_S: Final = 10.0
"""How long a broker may take to answer a question about itself."""
BROKER_DEFAULT: Final = -1


def client_settings(settings: LogSettings) -> dict[str, str | int | float | bool]:
    """What every client of the log is given."""
    # Reports of lost connections go to the log of the process; without this the client prints them itself.
    return {"bootstrap.servers": settings.brokers, "log_level": 3, **settings.client}


def ensure_topic(settings: LogSettings) -> None:
    """Raises LogUnavailable without a broker, SettingsInvalid when the topic has another number of partitions."""
    with kafka_faults(settings):
        admin = AdminClient(client_settings(settings))
        found = _partitions(admin, settings)
        if found is None:
            _create(admin, settings)
            found = _await_partitions(admin, settings)
    if found != settings.partitions:
        raise SettingsInvalid(
            f"the Kafka topic {settings.topic} has {found} partitions and log.partitions is {settings.partitions}; "
            f"set it to {found}: with another number a user's events would change their partition"
        )


def _partitions(admin: AdminClient, settings: LogSettings) -> int | None:
    """How many there are with a leader; None without the topic."""
    topic = admin.list_topics(timeout=ANSWER_S).topics.get(settings.topic)
    return None if topic is None else sum(one.leader >= 0 for one in topic.partitions.values())


def _create(admin: AdminClient, settings: LogSettings) -> None:
    wanted = NewTopic(
        settings.topic,
        num_partitions=settings.partitions,
        replication_factor=BROKER_DEFAULT,
        config={
            "cleanup.policy": "delete",
            "retention.ms": str(int(settings.retention_s * 1_000)),
            "retention.bytes": str(settings.retention_bytes // settings.partitions),
        },
    )
    try:
        admin.create_topics([wanted], request_timeout=ANSWER_S)[settings.topic].result()
    except KafkaException as fault:
        error = error_of(fault)
        if error is None or error.code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another process was quicker
            raise


def _await_partitions(admin: AdminClient, settings: LogSettings) -> int:
    """A new topic has its leaders a moment later."""
    until = time.monotonic() + ANSWER_S
    while time.monotonic() < until:
        found = _partitions(admin, settings)
        if found == settings.partitions:
            return found
        time.sleep(0.05)
    raise LogUnavailable(f"Kafka at {settings.brokers} made the topic {settings.topic}, and it has no leaders yet")
