"""Who is watched, what each watcher was told, and what it is to be told next.

A watcher's pending changes are one per user and segmenter: a newer one replaces an older one that was not read yet, and
is counted. So a slow reader costs no more memory than its own list of users, and always ends at the present. Who
watches everybody has no list: it is charged for as many places as it may fill, and ended when more is pending.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import islice
from typing import Final, NamedTuple

UNTOLD: Final = ""
"""The segment of a user a watcher was told nothing of."""


class Cause(IntEnum):
    """What changed a segment. Numbers as in the contract."""

    INITIAL = 1
    EVENT = 2
    TIME = 3
    RELEASE = 4


class Present(NamedTuple):
    """A user's segment now."""

    segmenter: str
    version: str
    segment: str
    label: str
    score: float | None


class Change(NamedTuple):
    """What a watcher is told."""

    user: str
    present: Present
    previous: str
    cause: Cause


@dataclass(eq=False)
class Watcher:
    """One client's watch. `users` is None for one that watches whoever changes."""

    segmenters: tuple[str, ...]
    users: frozenset[str] | None
    told: dict[tuple[str, str], str] = field(default_factory=dict)
    """(user, segmenter) to the segment the client was told, or will be by what is pending."""
    pending: dict[tuple[str, str], Change] = field(default_factory=dict)
    superseded: int = 0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    resumed: dict[tuple[str, str], str] = field(default_factory=dict)
    """Of a watch that goes on: (user, segmenter) not looked at yet, to the version the client was told by."""
    told_limit: int = 50_000
    """Segments remembered of a watch of everybody, and changes that may be pending; the one told first is forgotten
    first."""
    behind: bool = False
    """More was pending than may be: nothing is left of it, and the watch is to end."""

    @property
    def places(self) -> int:
        """How many places of users it takes."""
        return self.told_limit if self.users is None else len(self.users)

    def look(self, user: str, present: Present, cause: Cause) -> bool:
        """Take note of a user's segment; True when that is news."""
        key = (user, present.segmenter)
        before = self.told.get(key, UNTOLD)
        if self.resumed and self.resumed.pop(key, present.version) != present.version:
            cause = Cause.RELEASE
        if before == present.segment:
            return False
        waiting = self.pending.pop(key, None)
        self.told[key] = present.segment
        if self.users is None and len(self.told) > self.told_limit:
            del self.told[next(iter(self.told))]
        if waiting is not None:
            self.superseded += 1
            if waiting.previous == present.segment:
                return False  # there and back before anybody looked
            before = waiting.previous
        self.pending[key] = Change(user, present, before, Cause.INITIAL if before == UNTOLD else cause)
        if self.users is None and len(self.pending) > self.told_limit:
            self.behind = True
            self.pending.clear()
            self.told.clear()
        self.wake.set()
        return True

    def take(self, most: int) -> tuple[list[Change], int]:
        """The oldest pending changes, at most so many, and how many were replaced since the last time."""
        keys = list(islice(self.pending, most))
        changes = [self.pending.pop(key) for key in keys]
        superseded, self.superseded = self.superseded, 0
        if not self.pending:
            self.wake.clear()
        return changes, superseded

    def settled(self) -> Iterator[tuple[tuple[str, str], str]]:
        """What the client has been sent: told, less what is still pending."""
        for key, segment in self.told.items():
            waiting = self.pending.get(key)
            yield key, segment if waiting is None else waiting.previous


class WatchFull(Exception):
    """This worker watches as much as it may."""


class WatchList:
    """Every watcher of one worker, by user; and which users are to be looked at next."""

    def __init__(self, users: int, watchers: int) -> None:
        """The most user places and watchers there may be."""
        self._most_users, self._most_watchers = users, watchers
        self._places = 0
        self._watchers: set[Watcher] = set()
        self._by_user: dict[str, set[Watcher]] = {}
        self._everyone: set[Watcher] = set()
        self._urgent: dict[str, None] = {}
        """Users whose rows are new: they are looked at first."""
        self._due: dict[str, Cause] = {}
        self.work = asyncio.Event()
        self.closed = False

    def __len__(self) -> int:
        return len(self._watchers)

    @property
    def users(self) -> Sequence[str]:
        """Every user somebody watches by name."""
        return tuple(self._by_user)

    def add(self, watcher: Watcher) -> None:
        """Begin to watch: every user named is looked at soon. Raises WatchFull."""
        if len(self._watchers) >= self._most_watchers or self._places + watcher.places > self._most_users:
            raise WatchFull
        self._watchers.add(watcher)
        self._places += watcher.places
        if watcher.users is None:
            self._everyone.add(watcher)
        for user in watcher.users or ():
            self._by_user.setdefault(user, set()).add(watcher)
            self._due.setdefault(user, Cause.TIME)
        self.work.set()

    def remove(self, watcher: Watcher) -> None:
        """End a watch, if it has not ended yet."""
        if watcher not in self._watchers:
            return
        self._watchers.remove(watcher)
        self._everyone.discard(watcher)
        self._places -= watcher.places
        for user in watcher.users or ():
            held = self._by_user.get(user)
            if held is not None:
                held.discard(watcher)
                if not held:
                    del self._by_user[user]

    def close(self) -> None:
        """Wake every watcher to see that this worker is going."""
        self.closed = True
        for watcher in self._watchers:
            watcher.wake.set()

    def changed(self, users: Iterable[str]) -> None:
        """Users whose rows are new: those somebody watches are looked at soon."""
        for user in users:
            if self._everyone or user in self._by_user:
                self._urgent[user] = None
        if self._urgent:
            self.work.set()

    def released(self) -> None:
        """Other versions are served: everybody somebody watches, or was told of, is looked at."""
        told = (user for watcher in self._everyone for user, _ in watcher.told)
        self._due.update(dict.fromkeys((*self._by_user, *told), Cause.RELEASE))
        if self._due:
            self.work.set()

    def sweep(self, users: Iterable[str]) -> None:
        """Users to look at because time has passed."""
        for user in users:
            if user in self._by_user:
                self._due.setdefault(user, Cause.TIME)
        if self._due:
            self.work.set()

    def take_due(self, most: int) -> dict[str, Cause]:
        """Whom to look at now, and why: events before all else. What is due by release stays so."""
        found: dict[str, Cause] = {}
        for user in list(islice(self._urgent, most)):
            del self._urgent[user]
            found[user] = Cause.RELEASE if self._due.pop(user, None) is Cause.RELEASE else Cause.EVENT
        if not found:
            found = {user: self._due.pop(user) for user in list(islice(self._due, most))}
        if not self._due and not self._urgent:
            self.work.clear()
        return found

    def watchers_of(self, user: str) -> list[Watcher]:
        """Who watches a user."""
        return [*self._by_user.get(user, ()), *self._everyone]

    def wanted_by(self, users: Iterable[str]) -> tuple[str, ...]:
        """Every segmenter somebody watches these users by."""
        names: dict[str, None] = {}
        for user in users:
            for watcher in self.watchers_of(user):
                names.update(dict.fromkeys(watcher.segmenters))
        return tuple(names)

    def tell(self, user: str, presents: Mapping[str, Present], cause: Cause) -> int:
        """Tell every watcher of a user, and end those that are behind. Returns how many of them it was news to."""
        news = 0
        for watcher in self.watchers_of(user):
            news += sum(watcher.look(user, presents[name], cause) for name in watcher.segmenters if name in presents)
            if watcher.behind:
                self.remove(watcher)
        return news
