"""Which loads are offered, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SHARES: Final = (0.10, 0.25, 0.50, 0.75, 0.90, 1.00, 1.50, 2.00, 3.00)
"""Of the capacity."""
FULL_SHARE: Final = 1.0


@dataclass(frozen=True)
class Plan:
    """In each round every side is offered every share in turn, just after its capacity was measured."""

    rounds: int = 3
    seconds: float = 10.0
    """A step's length."""
    shares: tuple[float, ...] = SHARES
    ramp_s: float = 0.5
    """The first of a step, not counted: its connections are new and its queue is filling."""
    capacity_s: float = 1.5
    """Each look at the capacity."""
    tries: int = 2
    """An unfit step is measured again, until it was offered so often; the last try counts."""
    callers: int = 16
    """Who wait for their answers while the capacity is measured."""
    light_deadline_s: float = 1.0
    """A caller's below the capacity: so long that no tail is cut off."""
    heavy_deadline_s: float = 0.1
    """From the capacity on, as `strata bench overload` has it: nobody waits for ever for a segment."""

    def deadline_s(self, share: float) -> float:
        """A call's at this share.

        >>> [Plan().deadline_s(share) for share in (0.9, 1.0)]
        [1.0, 0.1]
        """
        return self.heavy_deadline_s if share >= FULL_SHARE else self.light_deadline_s


QUICK: Final = Plan(rounds=2, seconds=3.0, capacity_s=1.0)
