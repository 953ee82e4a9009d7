"""One partition's records on their way into the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from strata.features.packed import PackedEvent

T = TypeVar("T")


@dataclass
class Given(Generic[T]):
    """Records of one kind, in offset order. One that was given before is ignored: a batch that failed half way is
    folded again from its beginning."""

    next: int
    held: list[tuple[int, T]] = field(default_factory=list)

    def add(self, offset: int, record: T) -> bool:
        """Hold a record; False for one that was given before."""
        if offset < self.next:
            return False
        self.held.append((offset, record))
        self.next = offset + 1
        return True

    def split(self, end: int) -> tuple[Given[T], Given[T]]:
        """Those below an offset, and the others."""
        below = [each for each in self.held if each[0] < end]
        return Given(self.next, below), Given(self.next, self.held[len(below) :])

    def with_earlier(self, earlier: Given[T]) -> Given[T]:
        """These after those."""
        return Given(self.next, earlier.held + self.held)

    @property
    def records(self) -> list[T]:
        """Without their offsets."""
        return [record for _, record in self.held]


@dataclass
class Pending:
    """A partition's records from `first` on that are not in the history yet; those below `next` may be written."""

    first: int
    next: int
    events: Given[bytes]
    facts: Given[tuple[PackedEvent, Mapping[str, str]]]
    aliases: Given[tuple[PackedEvent, str]]

    @classmethod
    def at(cls, offset: int) -> Pending:
        """Nothing, from an offset on."""
        return cls(offset, offset, Given(offset), Given(offset), Given(offset))

    def __len__(self) -> int:
        return len(self.events.held) + len(self.facts.held) + len(self.aliases.held)

    def split(self) -> tuple[Pending, Pending]:
        """What may be written, and what goes on being held."""
        events, later_events = self.events.split(self.next)
        facts, later_facts = self.facts.split(self.next)
        aliases, later_aliases = self.aliases.split(self.next)
        return (
            Pending(self.first, self.next, events, facts, aliases),
            Pending(self.next, self.next, later_events, later_facts, later_aliases),
        )

    def with_earlier(self, earlier: Pending) -> Pending:
        """As before the split."""
        return Pending(
            earlier.first,
            self.next,
            self.events.with_earlier(earlier.events),
            self.facts.with_earlier(earlier.facts),
            self.aliases.with_earlier(earlier.aliases),
        )
