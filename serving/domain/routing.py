"""Which version of each segmenter answers for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

KEPT: Final = 256
"""Combinations of segmenters whose keys are remembered: callers choose them, so they are bounded."""


class Share(Protocol):
    """Some of the users, always the same ones."""

    def holds(self, user: str) -> bool: ...


class Canary(NamedTuple):
    """A version that answers for some users."""

    key: str
    share: Share


class Group(NamedTuple):
    """Users of a batch for whom the same versions answer."""

    keys: tuple[str, ...]
    positions: list[int] | None
    """In the batch; None: all of them."""


class Routing:
    """The versions (`SegmenterProfile.key`) behind segmenters' names. A user is always sent to the same one."""

    def __init__(self, live: Mapping[str, str], canaries: Mapping[str, Canary] | None = None) -> None:
        """`live` and `canaries` by segmenter name."""
        self._live, self._canaries = dict(live), dict(canaries or {})
        self._kept: dict[tuple[str, ...], tuple[str, ...]] = {}

    def keys(self, names: tuple[str, ...], user: str) -> tuple[str, ...]:
        """The versions that answer for one user, in the order of `names`."""
        if not self._canaries or self._canaries.keys().isdisjoint(names):
            return self._live_keys(names)
        return tuple(self._key(name, user) for name in names)

    def groups(self, names: tuple[str, ...], users: Sequence[str]) -> list[Group]:
        """The users of a batch by the versions that answer for them."""
        if not self._canaries or self._canaries.keys().isdisjoint(names):
            return [Group(self._live_keys(names), None)]
        found: dict[tuple[str, ...], list[int]] = {}
        for position, user in enumerate(users):
            found.setdefault(tuple(self._key(name, user) for name in names), []).append(position)
        if len(found) == 1:
            return [Group(next(iter(found)), None)]
        return [Group(keys, positions) for keys, positions in found.items()]

    def _key(self, name: str, user: str) -> str:
        canary = self._canaries.get(name)
        return self._live[name] if canary is None or not canary.share.holds(user) else canary.key

    def _live_keys(self, names: tuple[str, ...]) -> tuple[str, ...]:
        found = self._kept.get(names)
        if found is None:
            found = tuple(self._live[name] for name in names)
            if len(self._kept) < KEPT:
                self._kept[names] = found
        return found
