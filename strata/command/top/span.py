"""What happened between two looks at a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strata.command.top.pages import Page


@dataclass(frozen=True)
class Span:
    """Two looks at one page, the older first."""

    before: Page
    after: Page

    @property
    def seconds(self) -> float:
        """Between them."""
        return max(self.after.at_s - self.before.at_s, 1e-9)

    def grown(self, name: str, **labels: str) -> float:
        """By how much counters grew; a process that began again counts from nothing."""
        before = {frozenset(found.items()): value for found, value in self.before.select(name, **labels)}
        return sum(
            _grown(before.get(frozenset(found.items()), 0.0), value)
            for found, value in self.after.select(name, **labels)
        )

    def per_s(self, name: str, **labels: str) -> float:
        """Their growth in a second."""
        return self.grown(name, **labels) / self.seconds

    def quantile(self, share: float, name: str, **labels: str) -> float | None:
        """Of a histogram's observations in the span; None when there were none. Interpolated as Prometheus does."""
        bounds = sorted(self.after.values(f"{name}_bucket", "le", **labels), key=float)
        counts = [self.grown(f"{name}_bucket", **labels, le=bound) for bound in bounds]
        return quantile_of([float(bound) for bound in bounds], counts, share)


def _grown(before: float, after: float) -> float:
    return after - before if after >= before else after


def quantile_of(bounds: Sequence[float], counts: Sequence[float], share: float) -> float | None:
    """From cumulative counts by upper bound, the last of which is infinite.

    >>> quantile_of([1.0, 2.0, float("inf")], [10.0, 20.0, 20.0], 0.75)
    1.5
    >>> quantile_of([0.1, float("inf")], [0.0, 4.0], 0.5), quantile_of([0.1, float("inf")], [0.0, 0.0], 0.5)
    (0.1, None)
    """
    if not counts or not counts[-1]:
        return None
    rank = share * counts[-1]
    place = next(position for position, count in enumerate(counts) if count >= rank)
    if place == len(bounds) - 1:  # past the last bound there is no telling how far
        return bounds[-2] if len(bounds) > 1 else None
    below, low = (counts[place - 1], bounds[place - 1]) if place else (0.0, 0.0)
    inside = counts[place] - below
    return low + (bounds[place] - low) * ((rank - below) / inside if inside else 0.0)
