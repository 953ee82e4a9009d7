"""How long an overload is, and how heavy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """One load per side: light, then `times` the capacity, then light again, without a pause between."""

    seconds: float
    times: float = 3.0
    deadline_s: float = 0.1
    light_share: float = 0.3
    """Of the capacity."""
    light_s: float = 3.0
    after_s: float = 5.0
    ramp_s: float = 1.0
    """Of the heavy part, not counted."""
    capacity_s: float = 3.0
    callers: int = 16

    def phases(self, capacity_per_s: float) -> list[tuple[float, float]]:
        """Calls a second, and for how long."""
        light = self.light_share * capacity_per_s
        return [(light, self.light_s), (self.times * capacity_per_s, self.seconds), (light, self.after_s)]
