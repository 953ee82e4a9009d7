"""The how-manieth of its kind a row is within one file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MAX_RUNS = 8
Keys = NDArray[np.uint64]


class Occurrences:
    """Counts equal keys in the order they come: 0 for the first of each. 8 bytes for each row seen.

    >>> Occurrences().number(np.array([7, 5, 7], dtype=np.uint64)).tolist()
    [0, 0, 1]
    """

    def __init__(self) -> None:
        self._runs: list[Keys] = []

    def number(self, keys: Keys) -> NDArray[np.int64]:
        """The number of earlier rows with the same key, in this call and all before it."""
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        first = np.searchsorted(ordered, ordered, side="left")
        counts = np.arange(len(keys)) - first
        for run in self._runs:
            counts += np.searchsorted(run, ordered, side="right") - np.searchsorted(run, ordered, side="left")
        self._remember(ordered)
        numbers = np.empty(len(keys), dtype=np.int64)
        numbers[order] = counts
        return numbers

    def _remember(self, ordered: Keys) -> None:
        self._runs.append(ordered)
        if len(self._runs) > MAX_RUNS:
            self._runs = [np.sort(np.concatenate(self._runs), kind="stable")]
