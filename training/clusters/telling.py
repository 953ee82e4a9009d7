"""What tells a segment's users from all others, feature by feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from training.rows import Floats

# Ranking a column of more rows than these moves no effect by a hundredth.
RANKED_ROWS: Final = 200_000


@dataclass(frozen=True)
class Difference:
    """One feature of one segment, in original units."""

    feature: str
    median: float | None
    """Of the segment; None where no user of it has a value."""
    others: float | None
    effect: float
    """Cliff's delta (1993), -1..1: how much likelier one of the segment is above one of the others than below.

    0 where either has no value. It is the difference of mean ranks as a share of what it could be.
    """

    def to_json(self) -> dict[str, Any]:
        return {"feature": self.feature, "median": self.median, "others": self.others, "effect": self.effect}


def what_tells(
    values: Floats, labels: NDArray[np.int32], keys: Sequence[str], segments: int, seed: int
) -> list[list[Difference]]:
    """Per segment every feature, the most telling first; missing values are left out."""
    if len(values) > RANKED_ROWS:
        chosen = np.random.default_rng([seed, len(values)]).permutation(len(values))[:RANKED_ROWS]
        values, labels = values[chosen], labels[chosen]
    columns = [_of_column(values[:, i], labels, key, segments) for i, key in enumerate(keys)]
    return [
        sorted((column[segment] for column in columns), key=lambda one: -abs(one.effect)) for segment in range(segments)
    ]


def _of_column(column: Floats, labels: NDArray[np.int32], key: str, segments: int) -> list[Difference]:
    present = ~np.isnan(column)
    there, theirs = column[present], labels[present]
    ranks = rankdata(there)
    return [
        Difference(key, _median(there[theirs == s]), _median(there[theirs != s]), _cliffs_delta(ranks, theirs == s))
        for s in range(segments)
    ]


def _cliffs_delta(ranks: Floats, inside: NDArray[np.bool_]) -> float:
    """From mid-ranks: `2 (R1 - n1 (n1 + 1) / 2) / (n1 n2) - 1`.

    >>> _cliffs_delta(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, False, True, True]))
    1.0
    """
    ours = int(inside.sum())
    others = len(inside) - ours
    if ours == 0 or others == 0:
        return 0.0
    above = float(ranks[inside].sum()) - ours * (ours + 1) / 2
    return 2 * above / (ours * others) - 1


def _median(column: Floats) -> float | None:
    return float(np.median(column)) if column.size else None
