"""How often and how long a comparison measures what."""

from __future__ import annotations

from dataclasses import dataclass

SIZES = (1, 32, 500)
"""Users of a batch, and rows of a call that only scores."""


@dataclass(frozen=True)
class PeerPlan:
    """Rounds, and windows in seconds. Every round measures every cell once, in turn."""

    rounds: int
    single_s: float
    """For calls about one user or row."""
    many_s: float
    """For calls about more."""
    singles: int = 256
    """Different calls about one user or row."""
    most_users: int = 4_000
    """That all calls of one larger size are about, if that makes 2 to 64 calls."""
    callers: int = 16
    many_callers: int = 4

    def bodies(self, users: int) -> int:
        """How many different calls are made about so many users each.

        >>> [PeerPlan(1, 1.0, 1.0).bodies(users) for users in (1, 32, 500)]
        [256, 64, 8]
        """
        return self.singles if users == 1 else max(2, min(64, self.most_users // users))


FULL = PeerPlan(rounds=5, single_s=2.0, many_s=2.0)
QUICK = PeerPlan(rounds=3, single_s=0.3, many_s=0.5, singles=128)
