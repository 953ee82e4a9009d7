"""What a feeder has done so far, said now and then."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from strata.client import Published
from strata.clock import format_instant


class FeedProgress:
    """Counts of a feeder's events by outcome, and of the refused ones by reason."""

    def __init__(self, say: Callable[[str], None], every_s: float = 60.0) -> None:
        self.outcomes: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self._say, self._every_s = say, every_s
        self._began = self._said = time.monotonic()

    def add(self, published: Published) -> None:
        """Count a batch."""
        self.outcomes += published.counts
        self.reasons += Counter(refusals[0].reason for refusals in published.refusals.values())

    def tell(self, up_to_us: int, left: int, *, always: bool = False) -> None:
        """Say how far it is, when it was not said for a while."""
        if always or time.monotonic() - self._said >= self._every_s:
            self._said = time.monotonic()
            self._say(f"{self} up to {format_instant(up_to_us)}; {left:,} to come")

    def as_json(self) -> dict[str, Any]:
        """For a program; docs/events.md documents the keys."""
        seconds = time.monotonic() - self._began
        total = self.outcomes.total()
        return {
            "published": total, "outcomes": dict(self.outcomes), "reasons": dict(self.reasons),
            "seconds": round(seconds, 3), "events_per_s": round(total / seconds, 1) if seconds else 0.0,
        }  # fmt: skip

    def __str__(self) -> str:
        outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        why = ", ".join(f"{reason} {count:,}" for reason, count in sorted(self.reasons.items()))
        said = f"published {self.outcomes.total():,} ({outcomes or 'none'})"
        return f"{said}, refused: {why}" if why else said
