"""Each kind of event log, new for a test, so that one suite can hold all of them to the same promises."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from fake_log import FakeLog
from kafka_broker import shared_broker

from strata.settings import LogSettings, Settings
from streaming.log.open import open_log
from streaming.log.ports import Log

PARTITIONS = 4


class LogWorld(Protocol):
    """Where one log lives. What is opened in it is closed by who opened it, and may be opened again."""

    kind: str

    def open(self, **changed: Any) -> Log:
        """The log, with some settings changed."""
        ...


class FakeWorld:
    """One process's memory."""

    kind = "fake"

    def __init__(self, _folder: Path) -> None:
        self._log: FakeLog | None = None

    def open(self, **changed: Any) -> Log:
        if self._log is None:
            self._log = FakeLog(PARTITIONS, changed.get("queue_records", 100_000))
        return self._log


class RealWorld:
    """The log that settings name."""

    def __init__(self, kind: str, folder: Path, **settings: Any) -> None:
        self.kind, self._folder = kind, folder
        self.settings: dict[str, Any] = {"kind": kind, "partitions": PARTITIONS, **settings}

    def all_settings(self, **changed: Any) -> Settings:
        """What a process that opens it is told."""
        return Settings(home=self._folder, log=LogSettings(**(self.settings | changed)))

    def open(self, **changed: Any) -> Log:
        return open_log(self.all_settings(**changed))


def embedded_world(folder: Path) -> RealWorld:
    """Files in a folder."""
    return RealWorld("embedded", folder)


def kafka_world(folder: Path, brokers: str | None = None) -> RealWorld:
    """A topic and a group of its own, on the broker of this run or on another."""
    name = f"t-{uuid.uuid4().hex[:12]}"
    return RealWorld("kafka", folder, brokers=brokers or shared_broker().brokers, topic=name, group=name)


WORLDS: dict[str, Callable[[Path], LogWorld]] = {
    "fake": FakeWorld,
    "embedded": embedded_world,
    "kafka": kafka_world,
}
