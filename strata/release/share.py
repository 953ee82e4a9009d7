"""Whether a user is in a share of all users: the same answer in every process, for every release, for ever.

A share that grows only takes users in; one that shrinks only lets users go: nobody flips to and fro.

>>> UserShare("value_tiers", 0.5).holds("1"), UserShare("value_tiers", 1.0).holds("1")
(False, True)
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

_BUCKETS: Final = 2**32


class UserShare:
    """A share of users, another one for each segmenter."""

    def __init__(self, segmenter: str, share: float) -> None:
        self._prefix, self._below = blake2b(segmenter.encode() + b"\0", digest_size=4), share * _BUCKETS

    def holds(self, user: str) -> bool:
        """About a microsecond."""
        digest = self._prefix.copy()
        digest.update(user.encode())
        return int.from_bytes(digest.digest(), "big") < self._below
