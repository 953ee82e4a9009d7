"""How long a bench measures what."""

from __future__ import annotations

from dataclasses import dataclass

BATCH_USERS = 500


@dataclass(frozen=True)
class Plan:
    """Rounds and window lengths, in seconds. Every round measures every cell once, in turn."""

    rounds: int
    single_s: float
    batch_s: float
    lone_s: float
    read_s: float
    singles: int = 512
    """Different single calls, each of another user."""
    batches: int = 8
    """Different batch calls."""
    callers: int = 16
    batch_callers: int = 4


FULL = Plan(rounds=5, single_s=5.0, batch_s=5.0, lone_s=2.0, read_s=1.0)
QUICK = Plan(rounds=3, single_s=1.2, batch_s=1.6, lone_s=0.5, read_s=0.4)
