"""Rates of groups, resampled: what fairness is judged by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.algorithms.port import Labels
from training.judge.all_pairs import AllPairs
from training.judge.attributes import Attribute
from training.judge.intervals import Interval, Resampling, bootstrap
from training.rows import Floats

RATES: Final = ("rate", "tpr", "fpr")
"""Share chosen of all, of the positives, of the negatives."""


@dataclass(frozen=True)
class Floor:
    """How few rows are too few to judge a group by."""

    rows: int = 50
    of_class: int = 10
    """Positives for a true-positive rate, negatives for a false-positive one."""


@dataclass(frozen=True)
class Gap:
    """The two groups of one rate that differ most in the sample, and by how much."""

    rate: str
    high: int
    low: int
    difference: Interval
    ratio: Interval
    """The lower rate over the higher."""


@dataclass(frozen=True)
class GroupRates:
    """Hits of each rate and what they are out of, [1 + resamples, groups, 3] each; the sample itself first."""

    hits: Floats
    rows: Floats
    floor: Floor

    @property
    def rates(self) -> Floats:
        """NaN where there is no row."""
        out = np.full(self.rows.shape, np.nan)
        np.divide(self.hits, self.rows, out=out, where=self.rows > 0)
        return out

    def judged(self, rate: int) -> NDArray[np.intp]:
        """Groups with rows enough for one rate."""
        enough = self.rows[0, :, 0] >= self.floor.rows
        if rate:
            enough &= self.rows[0, :, rate] >= self.floor.of_class
        return np.flatnonzero(enough)

    def gap(self, rate: int) -> Gap | None:
        """None where fewer than two groups can be judged. Its intervals hold for all pairs: see `AllPairs`."""
        judged = self.judged(rate)
        if len(judged) < 2:
            return None
        rates = self.rates[:, judged, rate]
        pairs = AllPairs.of(rates, self.hits[0, judged, rate], self.rows[0, judged, rate])
        ranked = np.argsort(rates[0], kind="stable")
        low, high = int(ranked[0]), int(ranked[-1])
        difference, ratio = pairs.difference(high, low), pairs.ratio(high, low)
        return Gap(RATES[rate], int(judged[high]), int(judged[low]), difference, ratio)


def count_rates(
    labels: Labels, chosen: NDArray[np.bool_], attribute: Attribute, how: Resampling, floor: Floor
) -> GroupRates:
    """Resampled within groups, so that each keeps its size."""
    inside = np.eye(len(attribute.groups))[attribute.of_row]
    positive, taken = labels.astype(np.float64)[:, None], chosen.astype(np.float64)[:, None]
    of = [inside, inside * positive, inside * (1 - positive)]
    table = np.hstack([*(each * taken for each in of), *of])
    within = Resampling(how.resamples, how.seed, how.groups, strata=attribute.of_row)
    # Counts are whole numbers below 2 ** 53: a matrix product of them is exact on any number of threads.
    found = bootstrap(lambda weights: weights @ table, len(labels), within)
    split = found.reshape(len(found), 6, len(attribute.groups)).transpose(0, 2, 1)
    return GroupRates(split[:, :, :3], split[:, :, 3:], floor)
