"""Points in boxes that are small, so that a search looks into few of them: the leaves of a k-d tree (Bentley 1975)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from strata.runtime.model import Floats

Numbers = NDArray[np.intp]


def boxes(points: Floats, groups: NDArray[np.int32], size: int) -> list[Numbers]:
    """Numbers of the points [p, d] in each box: of one group alone, at most `size`, and all but one of a group so many.

    >>> [box.tolist() for box in boxes(np.array([[5.0], [1.0], [4.0], [0.0], [9.0]]), np.array([0, 0, 0, 0, 1]), 2)]
    [[3, 1], [2, 0], [4]]
    """
    return [box for group in np.unique(groups) for box in _halves(points, np.flatnonzero(groups == group), size)]


def box_count(groups: NDArray[np.int32], size: int) -> int:
    """How many there are."""
    _, counts = np.unique(groups, return_counts=True)
    return int((-(-counts // size)).sum())


def _halves(points: Floats, numbers: Numbers, size: int) -> Iterator[Numbers]:
    """Parted across the widest side, whole boxes on its left."""
    if len(numbers) <= size:
        yield numbers
        return
    own = points[numbers]
    ordered = numbers[own[:, np.ptp(own, axis=0).argmax()].argsort(kind="stable")]
    middle = -(-len(numbers) // size) // 2 * size
    yield from _halves(points, ordered[:middle], size)
    yield from _halves(points, ordered[middle:], size)
