"""Bootstrap intervals over row weights, all resamples at once.

A resample is a vector of weights (how often each row was drawn), so a statistic that takes weights [b, n] answers for
b resamples in a few array operations. 95 % throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.rows import Floats

Statistic = Callable[[Floats], Floats]
"""Row weights [b, n] -> [b] or [b, m]; NaN where a resample leaves the figure undefined (no positive was drawn)."""

# Weights held at a time: 32 MiB of them, and a statistic holds a few arrays of that size.
_CELLS: Final = 4_000_000
_TAILS: Final = (0.025, 0.975)


@dataclass(frozen=True)
class Interval:
    """A figure and the 2.5 and 97.5 percentiles of its bootstrap."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Resampling:
    """How rows are drawn again (Efron 1979)."""

    resamples: int = 200
    seed: int = 0
    groups: NDArray[Any] | None = None
    """[n] whose row it is. Groups are drawn whole: rows of one user are no independent evidence."""
    strata: NDArray[Any] | None = None
    """[n] integers; each stratum keeps its number of draws. With groups, a group belongs to its largest stratum."""

    def weights(self, rows: int) -> Iterator[Floats]:
        """Blocks [b, n]; the first row of all is the sample itself, the next `resamples` are drawn."""
        units, strata = self._units(rows)
        rng = np.random.default_rng(self.seed)
        yield np.ones((1, rows))
        step = max(1, _CELLS // max(rows, 1))
        for first in range(0, self.resamples, step):
            drawn = _draw(strata, min(step, self.resamples - first), rng)
            yield drawn if self.groups is None else drawn[:, units]

    def _units(self, rows: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The unit each row belongs to, and the stratum of each unit."""
        strata = np.zeros(rows, dtype=np.intp) if self.strata is None else np.asarray(self.strata, dtype=np.intp)
        if self.groups is None:
            return np.arange(rows), strata
        names, units = np.unique(self.groups, return_inverse=True)
        of_unit = np.full(len(names), np.iinfo(np.intp).min)
        np.maximum.at(of_unit, units, strata)
        return units, of_unit


def bootstrap(statistic: Statistic, rows: int, how: Resampling) -> Floats:
    """[1 + resamples] or [1 + resamples, m]: the statistic of the sample, then of each resample."""
    return np.concatenate([statistic(block) for block in how.weights(rows)])


def percentile_interval(values: Floats) -> Interval:
    """The first value, and the tails of the others that are defined; only the value where there are no others.

    >>> percentile_interval(np.array([0.5, 0.0, 1.0]))
    Interval(value=0.5, low=0.025, high=0.975)
    """
    spread = values[1:] if len(values) > 1 else values
    defined = spread[np.isfinite(spread)]
    low, high = np.quantile(defined, _TAILS) if len(defined) else (np.nan, np.nan)
    return Interval(float(values[0]), float(low), float(high))


def interval(statistic: Statistic, rows: int, how: Resampling) -> Interval:
    """Of one figure."""
    return percentile_interval(bootstrap(statistic, rows, how))


def wilson(hits: float, rows: float, z: float = 1.96) -> tuple[float, float]:
    """The interval of a share (Wilson 1927): inside 0..1 and wide where rows are few.

    >>> [round(edge, 4) for edge in wilson(1, 10)]
    [0.0179, 0.4042]
    """
    share = hits / rows
    centre = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z * np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows)) / (1 + z * z / rows)
    return float(max(centre - half, 0.0)), float(min(centre + half, 1.0))


def _draw(strata: NDArray[np.intp], count: int, rng: np.random.Generator) -> Floats:
    """[count, units] how often each unit is drawn, with replacement inside its stratum."""
    drawn = np.empty((count, len(strata)))
    for stratum in np.unique(strata):
        inside = np.flatnonzero(strata == stratum)
        size = len(inside)
        chosen = rng.integers(0, size, size=(count, size)) + np.arange(count)[:, None] * size
        drawn[:, inside] = np.bincount(chosen.ravel(), minlength=count * size).reshape(count, size)
    return drawn
