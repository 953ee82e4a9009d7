"""The port of change notices. A notice is a hint to look again: it carries no values and may come twice.

Losing one is told: whoever may have missed some gets a gap, and looks at everything again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Changed:
    """Rows of a table that are new. No table: a gap, anything may have changed."""

    table: str
    users: tuple[str, ...]

    @property
    def is_gap(self) -> bool:
        """Whether notices may have been missed."""
        return not self.table


GAP = Changed("", ())


class ChangePublisher(Protocol):
    """The writer's end. Used by one thread; never waits for a watcher."""

    def publish(self, table: str, users: Sequence[str]) -> None:
        """Tell every watcher; without users, only push on what waits."""
        ...

    def close(self) -> None:
        """Let go of the watchers."""
        ...


class ChangeSubscriber(Protocol):
    """A watcher's end, on an event loop."""

    def notices(self) -> AsyncIterator[Changed]:
        """Notices for ever, over every reconnection; each connection begins with a gap."""
        ...
