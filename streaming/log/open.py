"""The log that the settings name."""

from __future__ import annotations

from strata.settings import Settings
from streaming.log.embedded.log import EmbeddedLog
from streaming.log.ports import Log


def open_log(settings: Settings) -> Log:
    """Open the log of `log.kind`. Raises LogUnavailable, LogDamaged, SettingsInvalid.

    The Kafka client is imported only where Kafka is asked for.
    """
    if settings.log.kind == "kafka":
        from streaming.log.kafka.log import KafkaLog

        return KafkaLog(settings.log)
    return EmbeddedLog(settings.log_folder, settings.log)
