"""What became of the rows read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Totals:
    """Counts of rows; `read` is always the sum of the three below it."""

    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    rounded: int = 0
    """Accepted or duplicate rows whose amounts had more decimals than cents."""
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Quarantined rows by reason."""

    def __post_init__(self) -> None:
        if self.read != self.accepted + self.duplicate + self.quarantined or self.quarantined != sum(
            self.reasons.values()
        ):
            raise AssertionError(f"the summary does not add up: {self}")

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.read + other.read,
            self.accepted + other.accepted,
            self.duplicate + other.duplicate,
            self.quarantined + other.quarantined,
            self.rounded + other.rounded,
            dict(Counter(self.reasons) + Counter(other.reasons)),
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)
