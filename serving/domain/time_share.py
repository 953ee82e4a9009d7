"""A share of the time, for work that others go before."""

from __future__ import annotations

from typing import Final

AHEAD_S: Final = 0.05
"""How much may be taken in advance: a batch of 1,000 users or two."""


class TimeShare:
    """A bucket of seconds that runs out at `share` seconds a second.

    >>> time = TimeShare(0.5)
    >>> time.spend(0.15, now_s=10.0)
    >>> time.has_room(now_s=10.1), time.has_room(now_s=10.25)
    (False, True)
    """

    __slots__ = ("_level_s", "_seen_s", "_share")

    def __init__(self, share: float) -> None:
        self._share = share
        self._level_s = self._seen_s = 0.0

    def spend(self, seconds: float, now_s: float) -> None:
        """So much was taken, ending now."""
        self._run_out(now_s)
        self._level_s += seconds

    def has_room(self, now_s: float) -> bool:
        """Whether more may be taken."""
        self._run_out(now_s)
        return self._level_s <= AHEAD_S

    def _run_out(self, now_s: float) -> None:
        self._level_s = max(0.0, self._level_s - self._share * max(now_s - self._seen_s, 0.0))
        self._seen_s = now_s
