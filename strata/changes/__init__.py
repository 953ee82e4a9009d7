"""Which users' rows changed: told by who writes the online state to who watches it, on one machine or through Redis."""

from __future__ import annotations

from pathlib import Path

from strata.changes.ports import Changed, ChangePublisher, ChangeSubscriber
from strata.changes.unix_publisher import UnixPublisher
from strata.changes.unix_subscriber import UnixSubscriber

SOCKET = "changes.sock"


def open_publisher(run: Path, state_url: str = "") -> ChangePublisher:
    """The writer's end, for the state the settings name. `run` is `Settings.run`."""
    if state_url:
        from strata.changes.redis_feed import RedisPublisher

        return RedisPublisher(state_url)
    return UnixPublisher(run / SOCKET)


def open_subscriber(run: Path, state_url: str = "") -> ChangeSubscriber:
    """A watcher's end."""
    if state_url:
        from strata.changes.redis_feed import RedisSubscriber

        return RedisSubscriber(state_url)
    return UnixSubscriber(run / SOCKET)


__all__ = ["ChangePublisher", "ChangeSubscriber", "Changed", "open_publisher", "open_subscriber"]
